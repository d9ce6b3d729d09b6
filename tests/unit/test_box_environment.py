import shutil
import sysconfig
from dataclasses import replace
from pathlib import Path

import pytest
import virtualenv.seed.wheels.embed

from mission_tui.domain.ports import BoxError
from mission_tui.workspace.box import open_box
from mission_tui.workspace.environment import prepare_environment
from tests.support.box_specs import spec_in

WHEELS = Path(virtualenv.seed.wheels.embed.__file__).parent
SETUPTOOLS = """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[project]
name = "sample"
version = "1.0"
[project.scripts]
sample = "sample:main"
[tool.setuptools.packages.find]
where = ["src"]
"""
HATCHLING = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "sample"
version = "1.0"
[project.scripts]
sample = "sample:main"
[tool.hatch.build]
dev-mode-dirs = ["src"]
"""


def write_project(tree: Path, pyproject: str, value: int) -> None:
    (tree / "src" / "sample").mkdir(parents=True)
    (tree / "pyproject.toml").write_text(pyproject)
    (tree / "src" / "sample" / "__init__.py").write_text(f"VALUE = {value}\ndef main():\n    print(VALUE)\n")


def other_tree(tmp_path: Path) -> Path:
    tree = tmp_path / "other"
    tree.mkdir()
    return tree


@pytest.mark.parametrize(
    ("pyproject", "first"),
    [
        (SETUPTOOLS, f"pip install --no-index --find-links {WHEELS} setuptools"),
        # hatchling is one of the development requirements; the box can see them, the environment cannot.
        (HATCHLING, f"cd /env/lib/python3*/site-packages && echo {sysconfig.get_path('purelib')} > dev.pth"),
    ],
    ids=["setuptools", "hatchling"],
)
async def test_an_editable_install_uses_whichever_tree_is_mounted(tmp_path, pyproject, first):
    spec = spec_in(tmp_path)
    write_project(spec.tree, pyproject, 1)
    install = "pip install --no-index --no-deps --no-build-isolation -e ."
    results = await prepare_environment(spec.env_dir, spec, [first, install], tmp_path / "log", 60)
    assert [result.exit_code for result in results] == [0, 0], results[-1].output
    write_project(other_tree(tmp_path), pyproject, 2)
    async with await open_box(replace(spec, tree=tmp_path / "other")) as box:
        imported = await box.run(
            "python -c 'import sample; print(sample.VALUE, sample.__file__)'; sample", timeout_s=20
        )
        version = await box.run(
            "python -c 'import importlib.metadata as m; print(m.version(\"sample\"))'", timeout_s=20
        )
    assert imported.output == "2 /workspace/src/sample/__init__.py\n2\n"
    assert version.output == "1.0\n"


async def test_what_setup_installs_works_in_later_boxes_and_cannot_be_changed_there(tmp_path):
    spec = spec_in(tmp_path)
    install = f"python -m pip install --no-deps --no-index --find-links {WHEELS} setuptools"
    results = await prepare_environment(spec.env_dir, spec, [install], tmp_path / "log", 60)
    assert results[-1].exit_code == 0, results[-1].output
    assert "Successfully installed" in (tmp_path / "log").read_text()
    async with await open_box(spec) as box:
        where = await box.run(
            "command -v python pip; python -c 'import setuptools, sys; print(sys.prefix)'", timeout_s=20
        )
        remove = await box.run(
            "pip uninstall -y setuptools || pip install --no-index --force-reinstall .", timeout_s=20
        )
        again = await box.run("python -c 'import setuptools'", timeout_s=20)
    assert where.output == "/env/bin/python\n/env/bin/pip\n/env\n"
    assert remove.exit_code != 0
    assert again.exit_code == 0


async def test_setup_stops_at_the_first_failure_and_logs_every_command(tmp_path):
    spec = spec_in(tmp_path)
    log = tmp_path / "logs" / "setup.log"
    results = await prepare_environment(spec.env_dir, spec, ["echo one", "echo two; exit 9", "echo three"], log, 60)
    assert [result.exit_code for result in results] == [0, 9]
    assert log.read_text().endswith("$ echo one\none\n$ echo two; exit 9\ntwo\n")


async def test_a_second_setup_keeps_the_environment_and_forgets_old_files(tmp_path):
    spec = spec_in(tmp_path)
    await prepare_environment(spec.env_dir, spec, ["touch /env/marker; mkdir first"], tmp_path / "log", 60)
    await prepare_environment(spec.env_dir, spec, ["mkdir second; touch second/x"], tmp_path / "log", 60)
    async with await open_box(replace(spec, tree=other_tree(tmp_path))) as box:
        assert (await box.run("ls; ls /env/marker", timeout_s=10)).output == "second\n/env/marker\n"


async def test_files_that_setup_makes_inside_the_tree_are_shown_in_every_later_tree(tmp_path):
    spec = spec_in(tmp_path)
    (spec.tree / "src").mkdir()
    (spec.tree / "package.json").write_text("{}")
    setup = [
        "mkdir -p node_modules/left-pad/sub && echo pad > node_modules/left-pad/sub/index.js && chmod +x node_modules",
        "ln -s left-pad node_modules/pad; echo built > src/fast.so; mkdir src/__pycache__ src/gen; echo g > src/gen/g",
        "echo changed > package.json",
    ]
    results = await prepare_environment(spec.env_dir, spec, setup, tmp_path / "log", 60)
    assert [result.exit_code for result in results] == [0, 0, 0]
    later = other_tree(tmp_path)
    (later / "src").mkdir()
    (later / "package.json").write_text("original")
    async with await open_box(replace(spec, tree=later)) as box:
        read = "cat node_modules/pad/sub/index.js src/fast.so src/gen/g package.json"
        assert (await box.run(read, timeout_s=10)).output == "pad\nbuilt\ng\noriginal"
        assert (await box.run("touch node_modules/x", timeout_s=10)).exit_code != 0
        assert (await box.run("touch src/x", timeout_s=10)).exit_code == 0
        assert (await box.run("ls -A src", timeout_s=10)).output == "fast.so\ngen\nx\n"
    assert list((later / "node_modules").iterdir()) == []


async def test_no_file_is_laid_through_a_link_that_an_agent_made(tmp_path):
    spec = spec_in(tmp_path)
    (spec.tree / "src").mkdir()
    setup = "echo built > src/fast.so; mkdir -p src/gen top/deep; touch src/gen/g top/deep/t"
    await prepare_environment(spec.env_dir, spec, [setup], tmp_path / "log", 60)
    outside = tmp_path / "outside"
    outside.mkdir()
    later = other_tree(tmp_path)
    (later / "src").symlink_to(outside)
    (later / "top").symlink_to("/etc")
    async with await open_box(replace(spec, tree=later)) as box:
        assert (await box.run("true", timeout_s=10)).exit_code == 0
    assert list(outside.iterdir()) == []


async def test_a_tree_that_lost_the_parent_of_a_setup_file_still_opens(tmp_path):
    spec = spec_in(tmp_path)
    (spec.tree / "src").mkdir()
    await prepare_environment(spec.env_dir, spec, ["touch src/fast.so; mkdir src/gen other"], tmp_path / "log", 60)
    later = other_tree(tmp_path)
    (later / "src").write_text("now a file")
    (later / "other").write_text("a file, too")
    async with await open_box(replace(spec, tree=later)) as box:
        assert (await box.run("cat src other", timeout_s=10)).output == "now a filea file, too"


async def test_an_environment_that_cannot_be_made_is_an_error(tmp_path):
    spec = spec_in(tmp_path)
    (spec.env_dir / ".whole").touch()
    (spec.env_dir / "lib").write_text("in the way")
    with pytest.raises(BoxError, match="cannot make the environment"):
        await prepare_environment(spec.env_dir, spec, ["true"], tmp_path / "log", 60)


@pytest.mark.skipif(shutil.which("npm") is None, reason="needs npm")
async def test_global_npm_packages_go_to_the_environment(tmp_path):
    spec = spec_in(tmp_path)
    tool = spec.tree / "tool"
    tool.mkdir()
    (tool / "package.json").write_text('{"name": "tool", "version": "1.0.0", "bin": {"tool": "tool.js"}}')
    (tool / "tool.js").write_text("#!/usr/bin/env node\nconsole.log('tool runs');\n")
    pack = "npm install --global --offline $(npm pack --silent ./tool)"
    results = await prepare_environment(spec.env_dir, spec, [pack], tmp_path / "log", 90)
    assert results[-1].exit_code == 0, results[-1].output
    async with await open_box(replace(spec, tree=other_tree(tmp_path))) as box:
        assert (await box.run("tool; command -v tool", timeout_s=20)).output == "tool runs\n/env/bin/tool\n"
