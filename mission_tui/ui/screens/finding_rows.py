"""What a milestone's rounds found, as lines: the trend first, then each round with its checks and findings."""

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from mission_tui.domain.findings import RoundFindings, same, trend
from mission_tui.domain.mission import Mission
from mission_tui.domain.state.validation import RoundState
from mission_tui.domain.verdict import Finding
from mission_tui.ui.look import Piece, Tone
from mission_tui.ui.text import clean, cut, one_line, wrapped
from mission_tui.ui.widgets.lines import Painted

Age = Literal["new", "repeated", "regressed"]


class Told(NamedTuple):
    """One finding of one round."""

    source: str
    """The feature that was reviewed; `use` for what was met while the product was used."""
    finding: Finding
    age: Age


def finding_rows(mission: Mission, milestone: str, width: int) -> list[Painted]:
    """How the rounds compare, then the rounds, the latest first."""
    rounds = mission.validation.rounds.get(milestone, ())
    if not rounds:
        return [Painted("", ("No validation round yet.", "faint"))]
    trends = trend(mission, milestone)
    told = [_told(mission, rounds, place, trends) for place in range(len(rounds))]
    rows = [*_trend(rounds, told, trends), Painted("")]
    for place in reversed(range(len(rounds))):
        rows += _round(rounds[place], told[place], width)
        rows += _gone(mission, trends[place], width)
        rows.append(Painted(""))
    return rows


def _trend(rounds: Sequence[RoundState], told: list[list[Told]], trends: Sequence[RoundFindings]) -> Iterator[Painted]:
    """A line for each round, so that one sees whether they come to an end."""
    yield Painted("", (f"{'Findings':<10}{'new':>9}{'repeated':>11}{'regressed':>11}{'gone':>9}", "faint"))
    for one, found, ages in zip(rounds, told, trends, strict=True):
        count = {age: sum(1 for t in found if t.age == age) for age in ("new", "repeated", "regressed")}
        yield Painted(
            "",
            (f"round {one.round:<4}", "strong"),
            (f"{count['new']:>9}", "plain" if count["new"] else "faint"),
            (f"{count['repeated']:>11}", "odd" if count["repeated"] else "faint"),
            (f"{count['regressed']:>11}", "bad" if count["regressed"] else "faint"),
            (f"{len(ages.gone):>9}", "good" if ages.gone else "faint"),
        )


def _told(mission: Mission, rounds: Sequence[RoundState], place: int, trends: Sequence[RoundFindings]) -> list[Told]:
    ages = trends[place]
    earlier = [{_essence(f) for _, f in _findings(one)} for one in rounds[:place]]
    return [Told(source, f, _age(mission, f, ages, earlier)) for source, f in _findings(rounds[place])]


def _age(mission: Mission, finding: Finding, ages: RoundFindings, earlier: list[set[tuple[str, str]]]) -> Age:
    """By the issue that it is; what became none is known by its own words only."""
    known = [i.issue.id for i in mission.issues.findings if finding.same_as == i.issue.id or same(finding, i.issue)]
    for name in known:
        if name in ages.regressed:
            return "regressed"
        if name in ages.repeated:
            return "repeated"
        if name in ages.new:
            return "new"
    seen = [_essence(finding) in found for found in earlier]
    return "repeated" if seen and seen[-1] else "regressed" if any(seen) else "new"


def _gone(mission: Mission, ages: RoundFindings, width: int) -> Iterator[Painted]:
    for name in ages.gone:
        state = mission.issues.issues.get(name)
        if state is not None:
            text = cut(one_line(state.issue.summary), width - 17)
            yield Painted("", (f"  {name:<4} ", "key"), (f"{'gone':<10}", "good"), (text, "faint"))


def _findings(one: RoundState) -> list[tuple[str, Finding]]:
    used = [("use", f) for f in one.user_testing.findings] if one.user_testing else []
    return [*((r.feature, f) for r in one.reviews for f in r.findings), *used]


def _essence(finding: Finding) -> tuple[str, str]:
    return (finding.file or "", " ".join(finding.title.casefold().split()))


def _round(one: RoundState, findings: Sequence[Told], width: int) -> Iterator[Painted]:
    done = one.concluded
    outcome: Piece = (
        ("under way", "live") if done is None else ("passed", "good") if done.passed else ("did not pass", "bad")
    )
    yield Painted("", (f"Round {one.round} ", "strong"), outcome)
    if done is not None and not done.passed:
        yield from _wrapped(done.summary, width, 2, "faint", 5)
    for check in one.scrutiny.comparisons if one.scrutiny else ():
        mark: Piece = ("✔ ", "good") if check.ok else ("✖ ", "bad")
        counts = (("new failures", check.new_failures), ("failed before too", check.old_failures))
        counts += (("fixed", check.fixed), ("no longer run", check.vanished))
        told = ", ".join(f"{len(names)} {word}" for word, names in counts if names)
        yield Painted("", ("  ", "plain"), mark, (f"{one_line(check.name)}  ", "plain"), (told, "faint"))
        for name in check.new_failures[:8]:
            yield Painted("", ("      ", "plain"), (cut(one_line(name), width - 6), "bad"))
    for found in findings:
        yield from _finding(found, width)


def _finding(told: Told, width: int) -> Iterator[Painted]:
    source, finding, age = told
    tone: Tone = "bad" if finding.severity == "blocking" else "plain"
    where = f"{finding.file}:{finding.line}" if finding.file and finding.line else finding.file or ""
    yield Painted(
        "",
        (f"  {source:<4} ", "key"),
        (f"{age:<9} ", "faint" if age == "new" else "odd" if age == "repeated" else "bad"),
        (f"{finding.severity.replace('_', ' ')}: ", tone),
        (cut(one_line(finding.title), width - 32), tone),
    )
    if where:
        yield Painted("", (" " * 17 + cut(one_line(where), width - 17), "code"))
    yield from _wrapped(f"{finding.evidence.rstrip('.')}. {finding.consequence}", width, 17, "faint", 4)


def _wrapped(text: str, width: int, indent: int, tone: Tone, most: int) -> list[Painted]:
    return [Painted("", (" " * indent + part, tone)) for part in wrapped(clean(text), width - indent, most)]
