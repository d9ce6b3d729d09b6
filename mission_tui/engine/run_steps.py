"""A run's steps while it is played: what the journal has of them, and results that are about to be written."""

from collections.abc import Callable
from typing import Literal

from mission_tui.domain.ports import JsonObject, ToolCall, Usage
from mission_tui.engine.desk import Desk
from mission_tui.store.codec import as_stored
from mission_tui.store.journal import FinishedStep, NewStep, StepRecord
from mission_tui.tools.base import ToolResult
from mission_tui.tools.registry import TOOLS

CUT_OFF = (
    "This command was cut off when the engine stopped; whether it finished is unknown. Services you had started are "
    "gone. Look at the state of things before you run it again. Its output so far:\n"
)


class RunSteps:
    """All of a run's memory. What is recorded `later` is stored together with the start of the next step."""

    def __init__(self, desk: Desk, run_id: str) -> None:
        self.desk = desk
        self.run_id = run_id
        self.all = desk.journal.steps(run_id)
        self._unsaved: list[FinishedStep] = []
        self._worked_before = sum(map(_duration, self.all))
        self._since = desk.clock.monotonic()

    @property
    def count(self) -> int:
        return max((step.n for step in self.all), default=0)

    @property
    def turns(self) -> int:
        """Model calls that were answered."""
        return sum(1 for step in self.all if step.kind == "model" and step.status == "done")

    @property
    def seconds(self) -> float:
        """How long the run has worked. Time in which no provider answered counts only until the run is parked."""
        return self._worked_before + self.desk.clock.monotonic() - self._since

    @property
    def usage(self) -> Usage:
        return self.desk.journal.run_usage(self.run_id)

    def start_model(self, name: str, request: JsonObject | None = None) -> StepRecord:
        return self.advance(NewStep(run_id=self.run_id, kind="model", name=name, request=request or {}))[0]

    def start_calls(self, calls: list[ToolCall]) -> list[StepRecord]:
        return self.advance(
            *(
                NewStep(run_id=self.run_id, kind="tool", name=c.name, call_id=c.id, request={"arguments": c.arguments})
                for c in calls
            )
        )

    def note(self, text: str, **more: object) -> None:
        """Something that the model is told; needs no work, so it is done when it begins."""
        self.advance(NewStep(run_id=self.run_id, kind="note", name="note", done_result={"text": text, **more}))

    def finish(
        self,
        step: StepRecord,
        status: Literal["done", "failed", "unknown"],
        result: JsonObject,
        usage: Usage | None = None,
    ) -> None:
        self.record(FinishedStep(run_id=self.run_id, n=step.n, status=status, result=result, usage=usage or Usage()))

    def record(self, finished: FinishedStep, later: bool = False) -> None:
        """Remember a result; write it now, or with the start of the next step."""
        # What the model is shown now must be what it would be shown after a restart.
        kept = as_stored(self.desk.db.redactor.value(finished.result))
        finished = finished.model_copy(update={"result": kept})
        self._unsaved.append(finished)
        for place, step in enumerate(self.all):
            if step.n == finished.n:
                self.all[place] = step.model_copy(update={"status": finished.status, "result": finished.result})
        if not later:
            self.save()

    def advance(self, *start: NewStep) -> list[StepRecord]:
        with self.desk.transaction("journal.advance"):
            self.desk.clock_work()
            started = self.desk.journal.advance(finish=self._unsaved, start=start)
        self._unsaved = []
        self.all += started
        return started

    def save(self) -> None:
        if self._unsaved:
            self.advance()

    def settle(self, output_so_far: Callable[[StepRecord], str]) -> None:
        """After a crash: a model call is made again, a command stays unknown, everything else is simply repeated."""
        for step in [s for s in self.all if s.status == "running"]:
            if step.kind == "model":
                self.finish(step, "failed", {"error": "cut off; asked again, perhaps billed twice"})
            elif (tool := TOOLS.get(step.name)) is not None and tool.kind == "command":
                self.finish(step, "unknown", {"text": CUT_OFF + (output_so_far(step) or "(none)")})
        self.save()


def _duration(step: StepRecord) -> float:
    """Seconds of a step's work; calls that gave no answer are the provider's time, not the run's."""
    unanswered = step.kind == "model" and step.status != "done"
    return 0.0 if step.ended_at is None or unanswered else step.ended_at - step.started_at


def stored(result: ToolResult) -> JsonObject:
    """A tool's result as the journal keeps it."""
    kept: JsonObject = {"text": result.text, **result.extra}
    if "exit_code" not in kept and (result.exit_code is not None or "command" in result.extra):
        kept["exit_code"] = result.exit_code
    if result.artifact is not None:
        kept["artifact"] = result.artifact
    if result.evidence:
        kept["evidence"] = [e.model_dump(mode="json") for e in result.evidence]
    return kept
