import json
from pathlib import Path

import pytest

from mission_tui.cli.main import run
from mission_tui.domain.plan import Services
from mission_tui.engine.baseline import Trial
from mission_tui.workspace.git import inspect_repository
from tests.support.git_repos import commit_all, hashes, make_repository, write

MAKEFILE = """
test:
\t@echo 'running 2 tests'
\t@echo 'test adds ... ok'
\t@echo 'test red ... FAILED'
\t@echo 'test result: FAILED. 1 passed; 1 failed; 0 ignored'
\t@exit 1
lint:
\t@exit 3
"""


def repository(root: Path, **more: str) -> Path:
    """Its test run speaks as cargo's does, so that nothing need be installed."""
    repo = root / "repo"
    make_repository(repo)
    write(repo, {"Makefile": MAKEFILE, **more})
    commit_all(repo)
    return repo


def test_a_baseline_is_run_told_test_by_test_and_recorded(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    repo = repository(tmp_path)
    before = hashes(repo)
    assert run(["readiness", str(repo), "--run", "--network", "none", "--data-dir", str(tmp_path / "data")]) == 0
    said = capsys.readouterr()
    assert "; 1 passed, 1 failed" in said.out
    assert "    fails already: red" in said.out
    assert "no failure of it is new" in said.out
    assert hashes(repo) == before
    [record] = (tmp_path / "data" / "readiness").iterdir()
    baseline = json.loads(record.read_text())["baseline"]
    assert {c["name"]: c["exit_code"] for c in baseline["checks"]} == {"tests": 2, "lint": 2}
    assert all(c["again_s"] is not None for c in baseline["checks"])


def test_a_setup_that_fails_ends_the_baseline_with_its_last_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    repo = repository(tmp_path, **{"requirements.txt": "no-such-package-for-this-test==1\n"})
    arguments = ["readiness", str(repo), "--run", "--network", "none", "--json", "--data-dir", str(tmp_path / "data")]
    assert run(arguments) == 0
    baseline = json.loads(capsys.readouterr().out)["baseline"]
    assert "no-such-package-for-this-test" in baseline["setup_problem"]
    assert baseline["checks"] == []


FETCHED = ("GOMODCACHE", "CARGO_HOME", "GEM_HOME", "COMPOSER_HOME")


async def test_what_setup_fetches_for_any_language_is_there_for_the_checks(tmp_path: Path):
    state = await inspect_repository(repository(tmp_path))
    places = " ".join(f'"${name}/fetched"' for name in FETCHED)
    services = Services(
        setup=(f"mkdir -p {' '.join(f'${name}' for name in FETCHED)} && echo it | tee {places}",),
        checks={"fetched": f"cat {places}"},
    )
    baseline = await Trial(state, services, tmp_path / "home", network=False).run()
    assert [(c.name, c.exit_code) for c in baseline.checks] == [("fetched", 0)]


SERVER = """import http.server, os
if __name__ == "__main__":
    port = int(os.environ["PORT"])
    http.server.HTTPServer(("127.0.0.1", port), http.server.SimpleHTTPRequestHandler).serve_forever()
"""


@pytest.mark.parametrize(
    ("app", "said"),
    [(SERVER, "  - the running app\n"), (SERVER + "{", "  - the running app: it did not start. Smallest change:")],
    ids=["starts", "ends at once"],
)
def test_the_app_that_was_found_is_really_started(
    app: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    repo = repository(tmp_path, **{"app.py": app, "Makefile": "lint:\n\ttrue\n"})
    assert run(["readiness", str(repo), "--run", "--network", "none", "--data-dir", str(tmp_path / "data")]) == 0
    out = capsys.readouterr().out
    assert said in out
    assert ("  app: ready after " in out) == (app == SERVER)
