"""One assertion as lines: statement, proof, and every verdict with its evidence."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from mission_tui.domain.events import ReplayRecorded
from mission_tui.domain.mission import Mission
from mission_tui.domain.verdict import Evidence, Verdict
from mission_tui.store.layout import MissionFiles
from mission_tui.ui.look import ASSERTION, Tone
from mission_tui.ui.text import clean, one_line, sized, wrapped
from mission_tui.ui.widgets.lines import Painted, Row

REPLAY = "replay"
"""The key of the line that begins what the human had carried out."""
LABEL = 11
SHOWN_BYTES = 6000
"""How much of a text evidence is shown inline."""
SHOWN_LINES = 12
TEXTUAL = ("text/", "application/json", "application/xml")


@dataclass(frozen=True, slots=True)
class AssertionLines:
    """Builds the lines for one assertion and width."""

    mission: Mission
    files: MissionFiles
    width: int
    pictures: Mapping[str, Sequence[Row]] = field(default_factory=dict[str, Sequence[Row]])
    """Pictures of the newest verdict that are drawn already, by artifact."""

    def rows(self, name: str) -> list[Row]:
        if name not in self.mission.contract.assertions:
            return [Painted("", (f"{name} is no longer in the contract", "plain"))]
        return [
            *self._claim(name),
            Painted(""),
            *self._proof(name),
            *self._without_the_work(name),
            *self._replay(name),
            *self._verdicts(name),
        ]

    def _claim(self, name: str) -> Iterator[Painted]:
        assertion = self.mission.contract.assertions[name]
        look = ASSERTION[self.mission.assertion_status(name)]
        yield from self._labelled("state", f"{look.glyph} {self.mission.assertion_status(name)}", look.tone)
        if self.mission.assertion_status(name) == "stale":
            yield from self._labelled("because", ", ".join(self.mission.validation.why_stale(name)))
        if name in self.mission.contract.overrides:
            yield from self._labelled("signed", self.mission.contract.overrides[name])
        yield from self._labelled("statement", assertion.statement, "strong")
        owner = self.mission.plan.owners.get(name)
        feature = self.mission.plan.features[owner].feature if owner else None
        if feature is not None:
            yield from self._labelled("feature", f"{feature.id} {feature.title} ({feature.milestone})")
        if assertion.guard:
            yield from self._labelled("guard", "protects what works already: proved at every milestone")

    def _proof(self, name: str) -> Iterator[Painted]:
        proof = self.mission.contract.assertions[name].proof
        by = "by the engine itself" if proof.checks else "by a validator"
        yield from self._labelled("proof", f"{proof.by}, {by}")
        yield from self._labelled("procedure", proof.procedure or "none given")
        yield from self._labelled("evidence", ", ".join(proof.evidence) or "none asked for")
        if proof.files:
            yield from self._labelled("files", ", ".join(proof.files))
        for number, check in enumerate(proof.checks, 1):
            text = in_words(check.model_dump(exclude_defaults=True, mode="json"))
            yield from self._labelled("checks" if number == 1 else "", f"{number} {text}", "code")

    def _without_the_work(self, name: str) -> Iterator[Painted]:
        """What shows that the proof can fail."""
        state = self.mission.validation
        flow = state.flows.get(name)
        control = state.controls.get(name) or (flow.control if flow else None)
        if flow is not None:
            stands = "stands: the engine proves it by itself" if state.standing(name) else "does not stand"
            yield from self._labelled("flow", f"replay {'agrees' if flow.agreed else 'differs'}, {stands}")
            for number, check in enumerate(flow.proof.checks, 1):
                text = in_words(check.model_dump(exclude_defaults=True, mode="json"))
                yield from self._labelled("", f"{number} {text}", "code")
        if control is not None:
            tone: Tone = "good" if control.outcome == "red" else "bad"
            said = f"{control.outcome} on the tree from before {control.feature}: {control.reason}"
            yield from self._labelled("control", said, tone)

    def _replay(self, name: str) -> Iterator[Row]:
        """What the human had carried out."""
        replays = self.mission.validation.replays
        if name not in replays:
            return
        replay = replays[name]
        yield Painted("")
        if replay is None:
            yield Painted(REPLAY, ("replay     ", "faint"), ("under way …", "plain"))
            yield Painted("")
            return
        yield from self._outcome(replay, f"replayed for you{_because(replay)} · tree {replay.tree[:7]}", REPLAY, True)

    def _verdicts(self, name: str) -> Iterator[Row]:
        history = self.mission.validation.verdicts.get(name, ())
        if name not in self.mission.validation.replays:
            yield Painted("")
        if not history:
            yield Painted("", ("No verdict yet: it is proved when its milestone is validated.", "faint"))
        for place, verdict in reversed(list(enumerate(history))):
            yield from self._verdict(verdict, place, newest=place == len(history) - 1)

    def _verdict(self, verdict: Verdict, place: int, newest: bool) -> Iterator[Row]:
        when = f"{verdict.milestone} round {verdict.round} · {verdict.prover}"
        yield from self._outcome(verdict, f"{when}{_because(verdict)} · tree {verdict.tree[:7]}", f"e:{place}", newest)

    def _outcome(self, seen: Verdict | ReplayRecorded, about: str, key: str, newest: bool) -> Iterator[Row]:
        look = ASSERTION[seen.status]
        yield Painted(key if key == REPLAY else "", (f"{look.glyph} {look.word}", look.tone), (f"  {about}", "faint"))
        for part in wrapped(clean(seen.reason), self.width - 2, 30):
            yield Painted("", (f"  {part}", "plain"))
        # Pictures come last: they are tall, and what they would push away says more at a glance.
        in_order = sorted(enumerate(seen.evidence), key=lambda one: one[1].media_type.startswith("image/"))
        for number, evidence in in_order:
            yield from self._evidence(evidence, f"{key}:{number}", newest)
        yield Painted("")

    def _evidence(self, evidence: Evidence, key: str, newest: bool) -> Iterator[Row]:
        path = self.files.artifact(evidence.artifact)
        missing = "" if path.is_file() else "  ✖ the file is gone"
        yield Painted(
            key,
            ("  ▤ ", "faint"),
            (f"{evidence.kind:<11}", "key"),
            (f"{one_line(evidence.name, 60)}  {sized(evidence.bytes)}", "plain"),
            (missing, "bad"),
        )
        if not newest or missing:
            return
        if evidence.media_type.startswith(TEXTUAL):
            yield from self._head(path, key)
        elif evidence.artifact in self.pictures:
            yield from self.pictures[evidence.artifact]

    def _head(self, path: Path, key: str) -> Iterator[Painted]:
        """The beginning of a text, as it is or coloured when it is a difference."""
        lines = wrapped(clean(_beginning(path)).strip("\n"), self.width - 6, SHOWN_LINES + 1)
        for part in lines[:SHOWN_LINES]:
            yield Painted(key, ("    │ ", "faint"), (part, "code"))
        if len(lines) > SHOWN_LINES or path.stat().st_size > SHOWN_BYTES:
            yield Painted(key, ("    │ ", "faint"), ("… enter shows all of it", "faint"))

    def _labelled(self, label: str, text: str, tone: Tone = "plain") -> Iterator[Painted]:
        for place, part in enumerate(wrapped(clean(text), self.width - LABEL, 40)):
            yield Painted("", ((label if place == 0 else "").ljust(LABEL), "faint"), (part, tone))


def in_words(value: object) -> str:
    """A step of a proof without the punctuation of JSON: `click button Import · expect text no rows`."""
    if isinstance(value, dict):
        fields = cast(dict[str, object], value)
        return " · ".join(f"{name.replace('_', ' ')} {_inner(field)}" for name, field in fields.items())
    return _inner(value)


def _inner(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_inner(field)}" for name, field in cast(dict[str, object], value).items())
    if isinstance(value, list):
        return ", ".join(map(_inner, cast(list[object], value)))
    return one_line(str(value), 2000)


def evidence_of(mission: Mission, name: str, key: str) -> Evidence | None:
    """The evidence that a line's key names."""
    kind, *numbers = key.split(":")
    if kind == REPLAY and numbers:
        replay = mission.validation.replays.get(name)
        return replay.evidence[int(numbers[0])] if replay else None
    if kind != "e":
        return None
    place, number = map(int, numbers)
    history = mission.validation.verdicts.get(name, ())
    return history[place].evidence[number] if place < len(history) else None


def _because(seen: Verdict | ReplayRecorded) -> str:
    return f" · {seen.cause}" if seen.cause else ""


def _beginning(path: Path) -> str:
    with path.open("rb") as stream:
        return stream.read(SHOWN_BYTES).decode("utf-8", "replace")
