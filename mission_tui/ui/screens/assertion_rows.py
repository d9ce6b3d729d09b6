"""One assertion as lines: statement, proof, and every verdict with its evidence."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mission_tui.domain.mission import Mission
from mission_tui.domain.verdict import Evidence, Verdict
from mission_tui.store.layout import MissionFiles
from mission_tui.ui.look import ASSERTION, Tone
from mission_tui.ui.text import clean, one_line, sized, wrapped
from mission_tui.ui.widgets.lines import Painted

LABEL = 11
SHOWN_BYTES = 6000
"""How much of a text evidence is shown inline."""
SHOWN_LINES = 40
TEXTUAL = ("text/", "application/json", "application/xml")


@dataclass(frozen=True, slots=True)
class AssertionLines:
    """Builds the lines for one assertion and width."""

    mission: Mission
    files: MissionFiles
    width: int

    def rows(self, name: str) -> list[Painted]:
        if name not in self.mission.contract.assertions:
            return [Painted("", (f"{name} is no longer in the contract", "plain"))]
        return [
            *self._claim(name),
            Painted(""),
            *self._proof(name),
            *self._without_the_work(name),
            *self._verdicts(name),
        ]

    def _claim(self, name: str) -> Iterator[Painted]:
        assertion = self.mission.contract.assertions[name]
        look = ASSERTION[self.mission.assertion_status(name)]
        yield from self._labelled("state", f"{look.glyph} {self.mission.assertion_status(name)}", look.tone)
        if name in self.mission.contract.overrides:
            yield from self._labelled("signed", self.mission.contract.overrides[name])
        yield from self._labelled("statement", assertion.statement, "strong")
        owner = self.mission.plan.owners().get(name)
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
        for number, check in enumerate(proof.checks, 1):
            text = one_line(check.model_dump_json(exclude_defaults=True), 2000)
            yield from self._labelled("checks" if number == 1 else "", f"{number} {text}", "code")

    def _without_the_work(self, name: str) -> Iterator[Painted]:
        """What shows that the proof can fail, and what the human had carried out."""
        state = self.mission.validation
        flow = state.flows.get(name)
        control = state.controls.get(name) or (flow.control if flow else None)
        if flow is not None:
            stands = "stands: the engine proves it by itself" if state.standing(name) else "does not stand"
            yield from self._labelled("flow", f"replay {'agrees' if flow.agreed else 'differs'}, {stands}")
            for number, check in enumerate(flow.proof.checks, 1):
                text = one_line(check.model_dump_json(exclude_defaults=True), 2000)
                yield from self._labelled("", f"{number} {text}", "code")
        if control is not None:
            tone: Tone = "good" if control.outcome == "red" else "bad"
            said = f"{control.outcome} on the tree from before {control.feature}: {control.reason}"
            yield from self._labelled("control", said, tone)
        if name in state.replays:
            replay = state.replays[name]
            said = f"{replay.status}: {replay.reason}" if replay else "under way …"
            yield from self._labelled("replay", said)

    def _verdicts(self, name: str) -> Iterator[Painted]:
        history = self.mission.validation.verdicts.get(name, ())
        yield Painted("")
        if not history:
            yield Painted("", ("No verdict yet: it is proved when its milestone is validated.", "faint"))
        for place, verdict in enumerate(reversed(history)):
            yield from self._verdict(verdict, newest=place == 0)

    def _verdict(self, verdict: Verdict, newest: bool) -> Iterator[Painted]:
        look = ASSERTION[verdict.status]
        cause = f" · {verdict.cause}" if verdict.cause else ""
        about = f"  {verdict.milestone} round {verdict.round} · {verdict.prover}{cause} · tree {verdict.tree[:7]}"
        yield Painted("", (f"{look.glyph} {look.word}", look.tone), (about, "faint"))
        for part in wrapped(clean(verdict.reason), self.width - 2, 30):
            yield Painted("", (f"  {part}", "plain"))
        for evidence in verdict.evidence:
            yield from self._evidence(evidence, newest)
        yield Painted("")

    def _evidence(self, evidence: Evidence, newest: bool) -> Iterator[Painted]:
        path = self.files.artifact(evidence.artifact)
        missing = "" if path.is_file() else "  ✖ the file is gone"
        yield Painted(
            "",
            ("  ▤ ", "faint"),
            (f"{evidence.kind}  ", "key"),
            (f"{one_line(evidence.name, 60)}  {sized(evidence.bytes)}", "plain"),
            (missing, "bad"),
        )
        if newest and not missing and evidence.media_type.startswith(TEXTUAL):
            for part in wrapped(clean(_head(path)), self.width - 6, SHOWN_LINES):
                yield Painted("", ("    │ ", "faint"), (part, "code"))

    def _labelled(self, label: str, text: str, tone: Tone = "plain") -> Iterator[Painted]:
        for place, part in enumerate(wrapped(clean(text), self.width - LABEL, 40)):
            yield Painted("", ((label if place == 0 else "").ljust(LABEL), "faint"), (part, tone))


def _head(path: Path) -> str:
    with path.open("rb") as stream:
        return stream.read(SHOWN_BYTES).decode("utf-8", "replace")
