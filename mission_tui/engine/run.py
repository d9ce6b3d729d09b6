"""One agent's life: ask, act, until a terminal call is accepted. The same loop serves every role."""

import asyncio
from dataclasses import dataclass, field
from itertools import groupby
from typing import Literal

from mission_tui.domain.budget import exceeded
from mission_tui.domain.events import AnyEvent, MessageSaid, MessagesDelivered, RunEnded
from mission_tui.domain.gates import GateRefused
from mission_tui.domain.ports import ContextOverflow, JsonObject, Message, Model, ModelRequest, ToolCall
from mission_tui.domain.state.conversation import DecisionState
from mission_tui.engine.conversation import Conversation, pending_calls, with_unique_ids
from mission_tui.engine.desk import Desk
from mission_tui.engine.workshop import RunWorkshop
from mission_tui.store.journal import FinishedStep, NewStep, StepRecord
from mission_tui.tools.base import ToolProblem, ToolResult
from mission_tui.tools.registry import TOOLS

Outcome = Literal["ended", "suspended", "halted"]
"""ended: the ledger has its RunEnded. suspended: it waits for an answer. halted: paused, or a cap is used up."""

MAX_BAD_TURNS = 8
MAX_PROSE_TURNS = 3
CUT_OFF = (
    "This command was cut off when the engine stopped; whether it finished is unknown. Services you had started are "
    "gone. Look at the state of things before you run it again. Its output so far:\n"
)


class RunFailed(Exception):
    """The run cannot go on; the message says why in one line."""


@dataclass
class AgentRun:
    """A run in progress. All of its memory is the journal: `play` may be called again after any interruption."""

    desk: Desk
    workshop: RunWorkshop
    model: Model
    steps: list[StepRecord] = field(default_factory=list[StepRecord])
    conversation: Conversation = field(init=False)
    unsaved: list[FinishedStep] = field(default_factory=list[FinishedStep])
    """Results not yet written; they are stored together with the start of the next step."""

    @property
    def id(self) -> str:
        return self.workshop.assignment.run_id

    async def play(self) -> Outcome:
        """Go on from the last recorded step until the run ends, waits or must halt."""
        self.conversation = Conversation(self.desk.journal.context(self.id) or {})
        self.steps = self.desk.journal.steps(self.id)
        self._settle_cut_steps()
        try:
            return await self._turns()
        except asyncio.CancelledError:
            self._settle_cut_steps()
            raise
        except (RunFailed, ContextOverflow) as failure:
            await self._fail(str(failure))
            return "ended"
        finally:
            self._save()
            self.desk.live(self.id).clear()

    async def _turns(self) -> Outcome:
        while True:
            outcome = await self._act() or self._halted()
            if outcome is not None:
                return outcome
            self._check_limits()
            self._deliver_messages()
            reply = await self._ask()
            if not reply.tool_calls and self._answered_in_prose(reply):
                return "ended"

    def _halted(self) -> Outcome | None:
        self.desk.take_commands()
        mission = self.desk.mission
        if self.id not in mission.runs.active:
            return "ended"
        if mission.paused or mission.ended:
            return "halted"
        self.desk.db.room.check()
        cap = exceeded(mission.limits, self.desk.spend())
        if cap is not None:
            self.desk.ask_for_a_higher_cap(cap)
            return "halted"
        return None

    def _check_limits(self) -> None:
        turns = sum(1 for s in self.steps if s.kind == "model" and s.status == "done")
        limit = min(self.workshop.role.max_turns, self.desk.mission.limits.run_turns)
        if turns >= limit:
            raise RunFailed(f"the run used up its {limit} turns")
        if self._trailing_failures() >= MAX_BAD_TURNS:
            raise RunFailed(f"{MAX_BAD_TURNS} calls in a row failed")

    def _trailing_failures(self) -> int:
        count = 0
        for step in reversed(self.steps):
            if step.kind == "tool" and step.status != "failed":
                return count
            count += step.kind == "tool"
        return count

    # Asking

    async def _ask(self) -> Message:
        started = self._advance(start=[NewStep(run_id=self.id, kind="model", name=self.model.name)])[0]
        request = ModelRequest(messages=self.conversation.messages(self.steps), tools=self.conversation.tools)
        live = self.desk.live(self.id)
        try:
            reply = await self.model.complete(request, live.add)
        except Exception as error:
            self._finish(started, "failed", {"error": str(error)})
            raise
        message = with_unique_ids(reply.message, started.n)
        finished = FinishedStep(
            run_id=self.id,
            n=started.n,
            status="done",
            result={"message": message.model_dump(mode="json"), "usage": reply.usage.model_dump()},
            usage=reply.usage,
        )
        self._record(finished, later=True)
        self._speak(message)
        return message

    def _speak(self, message: Message) -> None:
        """What the orchestrator writes beside its calls is its voice in the planning interview."""
        if self.workshop.role.name == "orchestrator" and message.content.strip():
            with self.desk.transaction():
                self._save()
                self.desk.append(MessageSaid(run_id=self.id, author="orchestrator", text=message.content.strip()))

    def _answered_in_prose(self, reply: Message) -> bool:
        """Without calls a reply ends a run that has no terminal tool; any other is told how to end."""
        role = self.workshop.role
        if not role.terminal and reply.content.strip():
            self._end("finished", reply.content.strip())
            return True
        prose = 0
        for step in reversed(self.steps):
            if step.kind == "tool":
                break
            prose += step.kind == "note"
        if prose >= MAX_PROSE_TURNS:
            raise RunFailed("the model keeps answering without calling a tool")
        self._note(
            "That turn had no tool call, so nothing happened. Go on with a tool call; "
            f"the run ends only with {' or '.join(role.terminal) or 'a text answer'}."
        )
        return False

    def _deliver_messages(self) -> None:
        mission = self.desk.mission
        waiting = mission.conversation.undelivered
        if self.workshop.role.name != "orchestrator" or not waiting:
            return
        text = "\n".join(f"The human says: {m.text}" for m in waiting)
        with self.desk.transaction():
            self.desk.append(MessagesDelivered(run_id=self.id, upto=len(mission.conversation.messages)))
            self._note(text)

    def _note(self, text: str) -> None:
        self._advance(start=[NewStep(run_id=self.id, kind="note", name="note", done_result={"text": text})])

    # Acting

    async def _act(self) -> Outcome | None:
        """Carry out the calls of the last reply: reading ones beside each other, all others in order."""
        calls = pending_calls(self.steps)
        for parallel, group in groupby(calls, lambda pair: self._kind(pair[0]) == "read"):
            batch = list(group)
            for part in [batch] if parallel else [[one] for one in batch]:
                outcome = await self._carry_out(part)
                if outcome is not None:
                    return outcome
                if self.desk.mission.paused:
                    return "halted"
        return None

    def _kind(self, call: ToolCall) -> str:
        tool = TOOLS.get(call.name)
        return tool.kind if tool is not None and call.name in self.workshop.role.tools else "unknown"

    async def _carry_out(self, batch: list[tuple[ToolCall, StepRecord | None]]) -> Outcome | None:
        fresh = [call for call, step in batch if step is None]
        started = self._advance(start=[self._new_step(call) for call in fresh]) if fresh else []
        by_call = {step.call_id: step for step in started}
        pairs = [(call, step or by_call[call.id]) for call, step in batch]
        results = await asyncio.gather(*(self._call(call, step) for call, step in pairs))
        for (call, step), result in zip(pairs, results, strict=True):
            outcome = self._store(call, step, result)
            if outcome is not None:
                return outcome
        return None

    def _new_step(self, call: ToolCall) -> NewStep:
        return NewStep(
            run_id=self.id, kind="tool", name=call.name, call_id=call.id, request={"arguments": call.arguments}
        )

    async def _call(self, call: ToolCall, step: StepRecord) -> ToolResult | ToolProblem:
        role = self.workshop.role
        tool = TOOLS.get(call.name)
        if tool is None or call.name not in role.tools:
            return ToolProblem(f"there is no tool {call.name!r}; yours are {', '.join(role.tools)}")
        try:
            if tool.kind == "suspend":
                question = self._question()
                if question is not None:
                    return ToolResult(_answer(question))
            return await tool.call(call.arguments, self.workshop)
        except ToolProblem as problem:
            return problem

    def _store(self, call: ToolCall, step: StepRecord, result: ToolResult | ToolProblem) -> Outcome | None:
        if isinstance(result, ToolProblem):
            self._finish(step, "failed", {"text": str(result)})
            return None
        tool = TOOLS[call.name]
        question = self._question()
        if tool.kind == "suspend" and (question is None or question.open):
            return self._suspend(result, step, asked=question is not None)
        ends = tool.ends(tool.parse(call.arguments))
        try:
            return self._commit(step, result, ends)
        except GateRefused as refused:
            listed = "\n".join(f"- {v.message}" for v in refused.violations)
            self._finish(step, "failed", {"text": f"{call.name} was refused:\n{listed}"})
        except ToolProblem as problem:
            self._finish(step, "failed", {"text": str(problem)})
        return None

    def _question(self) -> DecisionState | None:
        """The decision that the present `ask_human` opened, if it has: they come in the order of the calls."""
        answered = sum(1 for s in self.steps if s.name == "ask_human" and s.status == "done")
        mine = [d for d in self.desk.mission.decisions.decisions.values() if d.decision.subject == self.id]
        return mine[answered] if answered < len(mine) else None

    def _suspend(self, result: ToolResult, step: StepRecord, asked: bool) -> Outcome | None:
        try:
            facts = [] if asked else list(result.facts(self.desk.mission))
            with self.desk.transaction():
                self.desk.append(*facts)
                self._save()
        except GateRefused as refused:
            self._finish(step, "failed", {"text": str(refused)})
            return None
        return "suspended"

    def _commit(self, step: StepRecord, result: ToolResult, ends: bool) -> Outcome | None:
        facts: list[AnyEvent] = list(result.facts(self.desk.mission))
        finished = FinishedStep(run_id=self.id, n=step.n, status="done", result=_stored(result))
        if not facts and not ends:
            self._record(finished, later=True)
            return None
        if ends:
            facts.append(self._ended("finished", result.text))
        with self.desk.transaction():
            self.desk.append(*facts)
            self._record(finished)
        return "ended" if ends else None

    # Ending

    def _end(self, outcome: Literal["finished", "failed", "partial"], summary: str) -> None:
        with self.desk.transaction():
            self._save()
            self.desk.append(self._ended(outcome, summary))

    def _ended(self, outcome: Literal["finished", "failed", "partial"], summary: str) -> RunEnded:
        usage = self.desk.journal.run_usage(self.id)
        steps = max((s.n for s in self.steps), default=0)
        return RunEnded(run_id=self.id, outcome=outcome, summary=summary[:2000] or outcome, usage=usage, steps=steps)

    async def _fail(self, reason: str) -> None:
        """An honest partial handoff for a worker, a plain failure for everybody else."""
        partial = await self.workshop.partial_handoff(reason)
        with self.desk.transaction():
            self._save()
            self.desk.append(*partial, self._ended("partial" if partial else "failed", reason))

    # The journal

    def _settle_cut_steps(self) -> None:
        """After a crash: a model call is made again, a command stays unknown, everything else is simply repeated."""
        for step in [s for s in self.steps if s.status == "running"]:
            if step.kind == "model":
                self._finish(step, "failed", {"error": "cut off; asked again, perhaps billed twice"})
            elif (tool := TOOLS.get(step.name)) is not None and tool.kind == "command":
                so_far = self.workshop.output_so_far(step)
                self._finish(step, "unknown", {"text": CUT_OFF + (so_far or "(none)")})
        self._save()

    def _finish(self, step: StepRecord, status: Literal["done", "failed", "unknown"], result: JsonObject) -> None:
        self._record(FinishedStep(run_id=self.id, n=step.n, status=status, result=result))

    def _record(self, finished: FinishedStep, later: bool = False) -> None:
        """Remember a result; write it now, or with the start of the next step."""
        redacted = self.desk.db.redactor.value(finished.result)
        # What the model is shown now must be what it would be shown after a restart.
        finished = finished.model_copy(update={"result": redacted})
        self.unsaved.append(finished)
        for place, step in enumerate(self.steps):
            if step.n == finished.n:
                self.steps[place] = step.model_copy(update={"status": finished.status, "result": finished.result})
        if not later:
            self._save()

    def _advance(self, start: list[NewStep]) -> list[StepRecord]:
        started = self.desk.journal.advance(finish=self.unsaved, start=start)
        self.unsaved = []
        self.steps += started
        return started

    def _save(self) -> None:
        if self.unsaved:
            self._advance(start=[])


def _answer(question: DecisionState) -> str:
    if question.answer is None:
        return "waiting for the human"
    note = f"\n{question.answer.note}" if question.answer.note else ""
    return f"The human answers: {question.answer.choice}{note}"


def _stored(result: ToolResult) -> JsonObject:
    stored: JsonObject = {"text": result.text, **result.extra}
    if "exit_code" not in stored and (result.exit_code is not None or "command" in result.extra):
        stored["exit_code"] = result.exit_code
    if result.artifact is not None:
        stored["artifact"] = result.artifact
    if result.evidence:
        stored["evidence"] = [e.model_dump(mode="json") for e in result.evidence]
    return stored
