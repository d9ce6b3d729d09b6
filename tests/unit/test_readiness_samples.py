from pathlib import Path

import pytest

from mission_tui.workspace.readiness import examine, render
from tests.support.sample_finds import FINDS
from tests.support.sample_repositories import SAMPLES, write

ALL = {**SAMPLES, **FINDS}


@pytest.mark.parametrize("name", ALL)
def test_the_commands_of_a_usual_repository_are_found_and_their_sources_named(name: str, tmp_path: Path):
    sample = ALL[name]
    found = examine(write(tmp_path, sample.files), which=lambda _: "/usr/bin/tool")
    assert found.proposed.setup == sample.setup
    assert found.proposed.checks == sample.checks
    assert (found.proposed.app.start if found.proposed.app else None) == sample.app
    sources = {finding.command: finding.source for finding in reversed(found.findings)}
    assert {command: sources.get(command, "") for command in sample.sources} == sample.sources
    assert set(sample.facts) <= {(fact.kind, fact.value, fact.source) for fact in found.facts}
    assert tuple(package.folder for package in found.packages) == sample.packages
    assert tuple(d.about for d in found.disagreements) == sample.disagreements
    assert all(finding.source for finding in found.findings)
    assert "None" not in render(found)


def test_what_no_source_says_and_where_sources_differ_is_put_to_the_reader(tmp_path: Path):
    text = render(examine(write(tmp_path, SAMPLES["ci against readme"].files), which=lambda _: "/usr/bin/tool"))
    assert "package manager: pnpm install --frozen-lockfile (pnpm-lock.yaml) / yarn (README.md:4)" in text
    assert "No source names a command for: build, lint, types, launch" in text
    assert "npm install shop" not in text


def test_missing_tools_are_named_with_what_would_change_that(tmp_path: Path):
    found = examine(write(tmp_path, SAMPLES["go module"].files), which=lambda _: None)
    gaps = [g.what for g in found.cannot_validate]
    assert gaps == ["everything that needs go (build, tests)", "everything that needs golangci-lint (lint)"]
    assert found.can_validate == ()


def test_a_tool_that_bundler_brings_is_not_missing(tmp_path: Path):
    files = {"Gemfile": 'gem "rubocop"\n', ".rubocop.yml": "", "spec/spec_helper.rb": ""}
    found = examine(write(tmp_path, files), which=lambda tool: None if tool == "rubocop" else "/usr/bin/tool")
    assert found.cannot_validate == ()


@pytest.mark.parametrize(
    ("files", "gaps"),
    [
        ({"package.json": '{"scripts": {"start": "kit start"}}'},
         ["the program that `npm run start` starts (package.json [scripts.start])"]),
        ({"go.mod": "module a.org/b\n", "Procfile": "web: reader\n"},
         ["the program that `reader` starts (Procfile:1)"]),
        ({"package.json": '{"dependencies": {"express": "4"}}', "Dockerfile": "FROM node\nEXPOSE 4567\n"},
         ["the running Express app"]),
        ({"go.mod": "module a.org/b\n", ".travis.yml": "services: [redis-server]\n"}, ["whatever needs redis"]),
    ],
)  # fmt: skip
def test_what_goes_on_running_and_cannot_be_started_is_one_gap(files: dict[str, str], gaps: list[str], tmp_path: Path):
    found = examine(write(tmp_path, {**files, "tests/a": ""}), which=lambda _: "/usr/bin/tool")
    assert [g.what for g in found.cannot_validate if "behaviour" not in g.what] == gaps


def test_a_repository_of_thousands_of_packages_is_read_in_seconds(tmp_path: Path):
    files = {f"packages/p{k}/package.json": '{"name": "p", "scripts": {"test": "jest"}}' for k in range(2500)}
    files |= {"package.json": '{"workspaces": ["packages/**", "packages/*"]}', "junk.bin": "\0" * 10_000}
    found = examine(write(tmp_path, files), which=lambda _: None)
    assert 0 < len(found.packages) <= 100
    assert "more" in render(found)


@pytest.mark.parametrize("name", ["go.mod", "Cargo.toml", "pom.xml", "build.gradle", "Gemfile", "composer.json",
                                  "justfile", "Taskfile.yml", "noxfile.py", "Procfile", "Dockerfile", "go.work",
                                  "compose.yaml", "pnpm-workspace.yaml", ".gitlab-ci.yml"])  # fmt: skip
@pytest.mark.parametrize("content", [b"", b"\x00\xff\xfe junk", b"[" * 5_000, b"a: &a [*a]\nb: *c\n", b"{{{\n" * 5_000])
def test_strange_content_is_no_more_than_a_note(name: str, content: bytes, tmp_path: Path):
    (tmp_path / name).write_bytes(content)
    (tmp_path / "loop").symlink_to(tmp_path)
    assert render(examine(tmp_path, which=lambda _: None)).startswith("Stack: ")
