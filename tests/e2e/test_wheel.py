import os
import shutil
import site
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=100)
    return next(out.glob("*.whl"))


def test_the_wheel_carries_prompts_skills_tool_texts_styles_and_the_sample(wheel: Path):
    names = set(zipfile.ZipFile(wheel).namelist())
    sources = {p.relative_to(ROOT).as_posix() for p in (ROOT / "mission_tui").rglob("*") if p.is_file()}
    carried = {s for s in sources if not s.endswith(".pyc") and "__pycache__" not in s}
    carried |= {f"mission_tui/{p.relative_to(ROOT).as_posix()}" for p in (ROOT / "prompts").glob("*.md")}
    carried |= {f"mission_tui/{p.relative_to(ROOT).as_posix()}" for p in (ROOT / "skills").rglob("SKILL.md")}
    assert carried - names == set()


def bring_dependencies(target: Path) -> None:
    """The libraries of this environment, linked rather than downloaded again; of the product nothing."""
    libraries = next(Path(p) for p in site.getsitepackages() if (Path(p) / "pydantic").is_dir())
    for entry in libraries.iterdir():
        if "mission_tui" in entry.name or entry.name == "__pycache__" or (target / entry.name).exists():
            continue
        if entry.is_dir():
            shutil.copytree(entry, target / entry.name, copy_function=link)
        else:
            link(entry, target / entry.name)


def link(source: str | Path, target: str | Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


@pytest.mark.timeout(400)
def test_the_wheel_alone_plays_the_demo_outside_the_checkout(wheel: Path, tmp_path: Path):
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "virtualenv", "--quiet", "--no-download", str(venv)], check=True, timeout=60)
    python = venv / "bin" / "python"
    subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", str(wheel)],
        check=True,
        env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        timeout=100,
    )
    packages = subprocess.check_output([python, "-c", "import site; print(site.getsitepackages()[0])"], text=True)
    bring_dependencies(Path(packages.strip()))
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "MISSION_TUI", "VIRTUAL_ENV"))}
    run = {"cwd": tmp_path, "env": environment, "text": True, "capture_output": True}
    where = subprocess.run([python, "-c", "import mission_tui; print(mission_tui.__file__)"], **run, check=True)
    assert where.stdout.startswith(str(venv))
    program = venv / "bin" / "mission-tui"
    arguments = ["demo", "--headless", "--fast", "--dir", "sample", "--data-dir", "data"]
    played = subprocess.run([program, *arguments], **run, check=False, timeout=340)
    assert played.returncode == 0, played.stdout[-3000:] + played.stderr[-3000:]
    listed = subprocess.run([program, "list", "--data-dir", "data", "--json"], **run, check=True)
    assert '"completed"' in listed.stdout
