from pathlib import Path

from mission_tui.workspace.box import open_box
from mission_tui.workspace.host_settings import gather_host_settings
from tests.support.box_specs import spec_in


def user_home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    (home / ".config" / "pip").mkdir(parents=True)
    (tmp_path / "ca.pem").write_text("certificate")
    (tmp_path / "wheels").mkdir()
    (home / ".config" / "pip" / "pip.conf").write_text(f"[global]\ntimeout = 7\ncert = {tmp_path}/ca.pem\n")
    (home / ".npmrc").write_text("fetch-retries=1\n")
    (home / ".netrc").write_text("machine example.org password secret\n")
    return home


def test_only_settings_of_package_managers_proxies_and_certificates_are_taken(tmp_path):
    home = user_home(tmp_path)
    environ = {
        "HOME": str(home),
        "PIP_FIND_LINKS": f"{tmp_path}/wheels https://example.org/x",
        "https_proxy": "http://proxy:3128",
        "SSL_CERT_FILE": str(tmp_path / "ca.pem"),
        "PIP_CACHE_DIR": "/somewhere",
        "PIP_TARGET": "/elsewhere",
        "OPENAI_API_KEY": "sk-secret",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "PATH": "/usr/bin",
    }
    settings = gather_host_settings(environ)
    assert set(settings.env) == {"PIP_FIND_LINKS", "https_proxy", "SSL_CERT_FILE"}
    assert set(settings.home_files) == {".config/pip/pip.conf", ".npmrc"}
    assert {tmp_path / "wheels", tmp_path / "ca.pem"} <= set(settings.paths)


def test_a_setting_cannot_make_the_home_directory_visible(tmp_path):
    home = user_home(tmp_path)
    settings = gather_host_settings({"HOME": str(home), "PIP_FIND_LINKS": f"{home} / {tmp_path}"})
    assert not [path for path in settings.paths if home.is_relative_to(path)]


async def test_a_box_with_network_has_the_settings_and_one_without_has_none(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(user_home(tmp_path)))
    monkeypatch.setenv("PIP_INDEX_URL", "http://user:password@index.example.org/simple")
    look = "env; cat ~/.config/pip/pip.conf ~/.npmrc ~/.netrc; cat " + str(tmp_path / "ca.pem")
    async with await open_box(spec_in(tmp_path, network=True, cache_dir=tmp_path / "cache")) as box:
        with_network = (await box.run(look, timeout_s=10)).output
        await box.run("touch ~/.cache/kept", timeout_s=10)
    async with await open_box(spec_in(tmp_path)) as box:
        without = (await box.run(look, timeout_s=10)).output
    assert all(text in with_network for text in ("user:password", "timeout = 7", "fetch-retries", "certificate"))
    assert "secret" not in with_network
    assert not any(text in without for text in ("user:password", "timeout = 7", "fetch-retries", "certificate"))
    assert (tmp_path / "cache" / "kept").exists()
