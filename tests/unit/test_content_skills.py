import os
from pathlib import Path

import pytest

from mission_tui.content.resources import skills_dir
from mission_tui.content.skills import append_lesson, check_skill, find_skills, render_skill

TEXT = render_skill("backend-worker", "How to work on the server.", "# Backend\n\nRun `make up` first.")


def skill(root: Path, name: str, description: str = "Says how.", where: str = ".agents/skills") -> Path:
    path = root / where / name / "SKILL.md"
    path.parent.mkdir(parents=True)
    path.write_text(render_skill(name, description, f"From {where}."), encoding="utf-8")
    return path


def test_the_repository_comes_before_the_home_and_the_home_before_the_starters(tmp_path: Path):
    repo, home, starters = tmp_path / "repo", tmp_path / "home", tmp_path / "starters"
    for root, where, names in (
        (repo, ".agents/skills", "a"),
        (repo, ".claude/skills", "ab"),
        (home, ".agents/skills", "abc"),
        (home, ".claude/skills", "abcd"),
        (starters, ".", "abcde"),
    ):
        for name in names:
            skill(root, name, where=where, description=f"{root.name} {where}")
    found = find_skills(repo, home, starters)
    assert {name: s.description for name, s in found.skills.items()} == {
        "a": "repo .agents/skills",
        "b": "repo .claude/skills",
        "c": "home .agents/skills",
        "d": "home .claude/skills",
        "e": "starters .",
    }
    assert found.skills["a"].path == repo / ".agents/skills/a/SKILL.md"
    assert found.skills["a"].body == "From .agents/skills."
    assert found.problems == ()


def test_places_that_do_not_exist_hold_no_skills(tmp_path: Path):
    assert find_skills(tmp_path / "nope", None, None).skills == {}


def test_the_starters_are_valid_and_complete():
    found = find_skills(None, None, skills_dir())
    assert found.problems == ()
    expected = {"backend-worker", "frontend-worker", "fullstack-worker", "cli-worker", "library-worker", "test-writer"}
    assert expected <= set(found.skills)


def test_an_invalid_skill_is_reported_and_a_valid_one_of_a_later_place_serves(tmp_path: Path):
    bad = skill(tmp_path / "repo", "a")
    bad.write_text("---\nname: b\n---\n", encoding="utf-8")
    skill(tmp_path / "home", "a")
    found = find_skills(tmp_path / "repo", tmp_path / "home")
    assert found.skills["a"].path == tmp_path / "home/.agents/skills/a/SKILL.md"
    assert found.problems == (
        f"{bad}:2: name: `b` must equal the folder's name, `a`",
        f"{bad}:2: description: is missing",
        f"{bad}:3: the skill says nothing below its front matter",
    )


def test_a_link_inside_the_repository_is_followed_and_one_that_leads_out_is_not(tmp_path: Path):
    repo = tmp_path / "repo"
    skill(repo, "a")
    (repo / ".claude").mkdir()
    (repo / ".claude/skills").symlink_to("../.agents/skills")
    secret = tmp_path / "secret.md"
    secret.write_text("---\nname: b\ndescription: d\n---\nsecret\n", encoding="utf-8")
    (repo / ".agents/skills/b").mkdir()
    (repo / ".agents/skills/b/SKILL.md").symlink_to(secret)
    found = find_skills(repo)
    assert set(found.skills) == {"a"}
    assert any(line.endswith("leads out of the directory") for line in found.problems)


def test_a_pipe_or_an_endless_file_does_not_stop_the_search(tmp_path: Path):
    skill(tmp_path, "a")
    (tmp_path / ".agents/skills/b").mkdir()
    os.mkfifo(tmp_path / ".agents/skills/b/SKILL.md")
    big = tmp_path / ".agents/skills/c/SKILL.md"
    big.parent.mkdir()
    big.write_bytes(b"x" * 300_000)
    found = find_skills(tmp_path)
    assert set(found.skills) == {"a"}
    assert [line.rsplit(": ", 1)[1] for line in found.problems] == ["not a regular file", "larger than 200,000 bytes"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("# no head\n", "1: must begin with a line `---` and its front matter"),
        ("---\nname: a\n", "1: the front matter has no closing line `---`"),
        ("---\n- a\n---\n", "2: the front matter must be keys and values"),
        ("---\nname: a\nname: b\n---\n", "3: `name` is given twice, first on line 1"),
        ("---\nname: a\ndescription: [x]\n---\nb\n", "3: description: must be text, and not empty"),
        (f"---\nname: a\ndescription: {'x' * 1025}\n---\nb\n", "3: description: must have at most 1,024 characters"),
        (
            "---\nname: A_b\ndescription: d\n---\nb\n",
            "2: name: must be 1 to 64 characters of a-z, 0-9 and single dashes between them",
        ),
        ("---\nname: 12\ndescription: d\n---\nb\n", "2: name: must be text"),
        (
            f"---\nname: a\ndescription: d\n---\n{'x' * 3}\n" + "y\n" * 500,
            "505: the body has more than 500 lines: move parts to files beside it",
        ),
    ],
)
def test_each_mistake_in_a_skill_has_its_line(tmp_path: Path, text: str, problem: str):
    path = skill(tmp_path, "a")
    path.write_text(text, encoding="utf-8")
    assert f"{path}:{problem}" in check_skill(path)
    assert check_skill(path) == check_skill(path.parent)


def test_a_right_skill_has_nothing_wrong_and_other_keys_of_the_specification_are_fine(tmp_path: Path):
    path = skill(tmp_path, "a")
    path.write_text("---\nname: a\ndescription: d\nlicense: MIT\nmetadata: {v: '1'}\n---\nb\n", encoding="utf-8")
    assert check_skill(path) == []


def test_a_skill_that_is_not_there_is_said_to_be_missing(tmp_path: Path):
    (tmp_path / "a").mkdir()
    assert check_skill(tmp_path / "a") == [f"{tmp_path}/a/SKILL.md: there is no such file"]


def test_what_is_rendered_reads_back_as_it_was(tmp_path: Path):
    description = 'colons: "quotes", # signs, --- and\nlines'
    path = skill(tmp_path, "a", description=description)
    assert check_skill(path) == []
    assert find_skills(tmp_path).skills["a"].description == " ".join(description.split())


@pytest.mark.parametrize(
    ("name", "description", "body"),
    [("A", "d", "b"), ("a--b", "d", "b"), ("a", " ", "b"), ("a", "d", " \n"), ("a", "d", "x\n" * 501)],
)
def test_what_is_not_allowed_is_not_rendered(name: str, description: str, body: str):
    with pytest.raises(ValueError, match=r"name|description|body|nothing"):
        render_skill(name, description, body)


def test_lessons_gather_in_a_section_of_their_own():
    text = append_lesson(TEXT, "Start docker first.", "F1")
    text = append_lesson(text, "Use port\n8080.", "F2")
    assert text.startswith(TEXT)
    assert text.endswith("\n## Lessons\n\n- Start docker first. _(F1)_\n- Use port 8080. _(F2)_\n")


def test_a_lesson_that_is_there_already_changes_nothing():
    text = append_lesson(TEXT, "Start docker first.", "F1")
    assert append_lesson(text, "start Docker - first", "F2") == text


def test_a_lesson_lands_in_the_section_and_not_behind_what_follows():
    text = TEXT + "\n## Lessons\n\n- Old.\n\n## More\n\n- Not a lesson.\n"
    assert append_lesson(text, "New.").endswith("## Lessons\n\n- Old.\n- New.\n\n## More\n\n- Not a lesson.\n")
    assert append_lesson(text, "Not a lesson.") != text


def test_a_heading_inside_code_is_no_section():
    text = TEXT + "\n```\n## Lessons\n```\n"
    assert append_lesson(text, "New.").endswith("```\n\n## Lessons\n\n- New.\n")


def test_a_lesson_cannot_open_a_section_or_be_empty():
    text = append_lesson(TEXT, "harmless\n## Rules\n- obey", "F1")
    assert "\n## Rules" not in text
    with pytest.raises(ValueError, match="needs words"):
        append_lesson(TEXT, " \n")
