"""One agent's life: ask, act, until a terminal call is accepted. The same loop serves every role."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Literal

from mission_tui.domain.budget import exceeded, overworked, run_exceeded, run_overworked
from mission_tui.domain.events import AnyEvent, MessageSaid, MessagesDelivered, RunEnded
from mission_tui.domain.gates import GateRefused
from mission_tui.domain.ports import (
    AnswerTooLong,
    ContextOverflow,
    JsonObject,
    Message,
    Model,
    ModelRequest,
    Reply,
    ToolCall,
)
from mission_tui.domain.state.conversation import DecisionState
from mission_tui.engine import compaction
from mission_tui.engine.conduct import CUT_ARGUMENTS, TOO_LONG, Conduct, correction, misplaced_end
from mission_tui.engine.conversation import COMPACTION, Conversation, last_reply, pending_calls, with_unique_ids
from mission_tui.engine.desk import Desk
from mission_tui.engine.run_steps import RunSteps, stored
from mission_tui.engine.together import all_of
from mission_tui.engine.workshop import RunWorkshop
from mission_tui.store.journal import FinishedStep, StepRecord
from mission_tui.tools.base import Halted, ToolProblem, ToolResult
from mission_tui.tools.registry import TOOLS

Outcome = Literal["ended", "suspended", "halted"]
"""ended: the ledger has its RunEnded. suspended: it waits for an answer. halted: paused, or a cap is used up."""


class RunFailed(Exception):
    """The run cannot go on; the message says why in one line."""


@dataclass
class AgentRun:
    """A run in progress. All of its memory is the journal: `play` may be called again after any interruption."""

    desk: Desk
    workshop: RunWorkshop
    model: Model
    window: Callable[[], int | None] = lambda: None
    """Tokens that the model takes, if that is known by now."""
    conversation: Conversation = field(init=False)
    steps: RunSteps = field(init=False)
    conduct: Conduct = field(default_factory=Conduct)

    @property
    def id(self) -> str:
        return self.workshop.assignment.run_id

    async def play(self) -> Outcome:
        """Go on from the last recorded step until the run ends, waits or must halt."""
        self.conversation = Conversation(self.desk.journal.context(self.id) or {})
        self.steps = RunSteps(self.desk, self.id)
        self.steps.settle(self.workshop.output_so_far)
        try:
            return await self._turns()
        except asyncio.CancelledError:
            self.steps.settle(self.workshop.output_so_far)
            raise
        except (RunFailed, compaction.StillTooLong) as failure:
            await self._fail(str(failure))
            return "ended"
        finally:
            self.steps.save()
            self.desk.live(self.id).clear()

    async def _turns(self) -> Outcome:
        while True:
            outcome = await self._act() or self._halted()
            if outcome is not None:
                return outcome
            self._check_limits()
            self._deliver_messages()
            self._mind_conduct()
            plan = compaction.due(self.steps.all, self.window())
            if plan is not None:
                await self._compact(plan)
                continue
            reply = await self._ask()
            if reply is not None and not reply.message.tool_calls and self._ended_in_prose(reply):
                return "ended"

    def _stopped(self) -> Outcome | None:
        """Whether nothing more may be begun, no call and no process; what the human just sent counts."""
        self.desk.take_commands()
        mission = self.desk.mission
        if self.id not in mission.runs.active:
            return "ended"
        return "halted" if mission.paused or mission.ended else None

    def _halted(self) -> Outcome | None:
        stopped = self._stopped()
        if stopped is not None:
            return stopped
        self.desk.db.room.check()
        return self._capped(exceeded(self.desk.mission.limits, self.desk.spend()))

    def _may_not_act(self) -> Outcome | None:
        """Whether the next call of a reply must not be carried out. What the reply has cost does not keep it back."""
        stopped = self._stopped()
        if stopped is not None:
            return stopped
        limits = self.desk.mission.limits
        cap = run_overworked(limits, self.steps.seconds)
        if cap is not None:
            raise RunFailed(cap)
        return self._capped(overworked(limits, self.desk.spend()))

    def _capped(self, cap: str | None) -> Outcome | None:
        if cap is None:
            return None
        self.desk.ask_for_a_higher_cap(cap)
        return "halted"

    def _check_limits(self) -> None:
        steps, limits = self.steps, self.desk.mission.limits
        turns = min(self.workshop.role.max_turns, limits.run_turns)
        cap = run_exceeded(limits.model_copy(update={"run_turns": turns}), steps.usage, steps.turns, steps.seconds)
        if cap is not None:
            raise RunFailed(cap)

    def _mind_conduct(self) -> None:
        """Warn the agent of what goes wrong; end its run when the warning changed nothing."""
        alarm = self.conduct.alarm(self.steps.all)
        if alarm is None:
            return
        if alarm.ends:
            raise RunFailed(alarm.text)
        self.steps.note(alarm.text, alarm=alarm.kind)

    # Asking

    async def _ask(self) -> Reply | None:
        """The model's next reply; None when it gave none that can be used, which the steps tell."""
        started = self.steps.start_model(self.model.name)
        request = ModelRequest(messages=self.conversation.messages(self.steps.all), tools=self.conversation.tools)
        began = self.desk.clock.monotonic()
        try:
            reply = await self.model.complete(request, self.desk.live(self.id).add)
        except ContextOverflow as error:
            self.steps.finish(started, "failed", {"error": str(error), "overflow": True})
            return None
        except AnswerTooLong as error:
            self.steps.finish(started, "failed", {"error": str(error), "malformed": True}, error.usage)
            self.steps.note(TOO_LONG.format(limit=error.limit))
            return None
        except Exception as error:
            self._unanswered(started, error, began)
            raise
        reply = reply.model_copy(update={"message": with_unique_ids(reply.message, started.n)})
        self.steps.record(self._answered(started, reply), later=True)
        self._speak(reply.message)
        return reply

    def _unanswered(self, step: StepRecord, error: Exception, began: float) -> None:
        self.steps.finish(step, "failed", {"error": str(error)})
        self.desk.clock_unanswered(self.desk.clock.monotonic() - began)

    def _answered(self, step: StepRecord, reply: Reply) -> FinishedStep:
        result: JsonObject = {"message": reply.message.model_dump(mode="json"), "usage": reply.usage.model_dump()}
        if reply.finish:
            result["finish"] = reply.finish
        if reply.model not in ("", step.name):
            result["model"] = reply.model
        return FinishedStep(run_id=self.id, n=step.n, status="done", result=result, usage=reply.usage)

    async def _compact(self, plan: compaction.Plan) -> None:
        """Put a summary in the place of what no longer fits: the model's, or a list of what the journal has."""
        summary = ""
        for attempt in range(0 if plan.by_code else 2):
            if self._halted() is not None:
                return
            summary = await self._ask_for_summary(plan, attempt)
            if summary:
                break
        by_code = not summary
        text = compaction.note(summary or compaction.summary_by_code(self.steps.all), by_code)
        self.steps.note(text, keep_from=plan.keep_from)

    async def _ask_for_summary(self, plan: compaction.Plan, attempt: int) -> str:
        asked = compaction.question(self.conversation, self.steps.all, plan.level, attempt)
        started = self.steps.start_model(self.model.name, {"purpose": COMPACTION})
        began = self.desk.clock.monotonic()
        try:
            request = ModelRequest(messages=asked, tools=self.conversation.tools)
            reply = await self.model.complete(request, self.desk.live(self.id).add)
        except (ContextOverflow, AnswerTooLong) as error:
            usage = error.usage if isinstance(error, AnswerTooLong) else None
            self.steps.finish(started, "failed", {"error": str(error)}, usage)
            return ""
        except Exception as error:
            self._unanswered(started, error, began)
            raise
        self.steps.record(self._answered(started, reply))
        return "" if reply.message.tool_calls else reply.message.content.strip()

    def _speak(self, message: Message) -> None:
        """What the orchestrator writes beside its calls is its voice in the planning interview."""
        if self.workshop.role.name == "orchestrator" and message.content.strip():
            with self.desk.transaction("run.speak"):
                self.steps.save()
                self.desk.append(MessageSaid(run_id=self.id, author="orchestrator", text=message.content.strip()))

    def _ended_in_prose(self, reply: Reply) -> bool:
        """Without calls a whole reply ends a run that has no terminal tool; any other is told how to go on."""
        role, said = self.workshop.role, reply.message.content.strip()
        if not role.terminal and said and not reply.finish:
            self._end("finished", said)
            return True
        self.steps.note(correction(said, reply.finish, role.terminal))
        return False

    def _deliver_messages(self) -> None:
        mission = self.desk.mission
        waiting = mission.conversation.undelivered
        if self.workshop.role.name != "orchestrator" or not waiting:
            return
        text = "\n".join(f"The human says: {m.text}" for m in waiting)
        with self.desk.transaction("run.deliver"):
            self.desk.append(MessagesDelivered(run_id=self.id, upto=len(mission.conversation.messages)))
            self.steps.note(text)

    # Acting

    async def _act(self) -> Outcome | None:
        """Carry out the calls of the last reply: reading ones beside each other, all others in order."""
        calls = pending_calls(self.steps.all)
        reply = last_reply(self.steps.all)
        for parallel, group in groupby(calls, lambda pair: self._kind(pair[0]) == "read"):
            batch = list(group)
            for part in [batch] if parallel else [[one] for one in batch]:
                outcome = self._may_not_act() or await self._carry_out(part, reply)
                if outcome is not None:
                    return outcome
        if calls and self._cut_short():
            self.steps.note(CUT_ARGUMENTS)
        return None

    def _cut_short(self) -> bool:
        """Whether the last reply reached the model's output limit and lost calls by it."""
        place = next(i for i in range(len(self.steps.all) - 1, -1, -1) if self.steps.all[i].kind == "model")
        lost = any(s.kind == "tool" and s.status == "failed" for s in self.steps.all[place:])
        return lost and (self.steps.all[place].result or {}).get("finish") == "length"

    def _kind(self, call: ToolCall) -> str:
        tool = TOOLS.get(call.name)
        return tool.kind if tool is not None and call.name in self.workshop.role.tools else "unknown"

    async def _carry_out(
        self, batch: list[tuple[ToolCall, StepRecord | None]], reply: Sequence[ToolCall]
    ) -> Outcome | None:
        fresh = [call for call, step in batch if step is None]
        started = self.steps.start_calls(fresh) if fresh else []
        by_call = {step.call_id: step for step in started}
        pairs = [(call, step or by_call[call.id]) for call, step in batch]
        try:
            results = await all_of(self._call(call, step, reply) for call, step in pairs)
        except Halted:
            return "halted"
        for (call, step), result in zip(pairs, results, strict=True):
            outcome = self._store(call, step, result)
            if outcome is not None:
                return outcome
        return None

    async def _call(self, call: ToolCall, step: StepRecord, reply: Sequence[ToolCall]) -> ToolResult | ToolProblem:
        role = self.workshop.role
        tool = TOOLS.get(call.name)
        if tool is None or call.name not in role.tools:
            return ToolProblem(f"there is no tool {call.name!r}; yours are {', '.join(role.tools)}")
        try:
            if tool.kind == "suspend":
                question = self._question()
                if question is not None:
                    return ToolResult(_answer(question))
            problem = misplaced_end(call, reply)
            if problem is not None:
                return ToolProblem(problem)
            if tool.kind == "write":
                await asyncio.to_thread(self.workshop.begin_write, step.n)
            return await tool.call(call.arguments, self.workshop)
        except ToolProblem as problem:
            return problem

    def _store(self, call: ToolCall, step: StepRecord, result: ToolResult | ToolProblem) -> Outcome | None:
        if isinstance(result, ToolProblem):
            self.steps.finish(step, "failed", {"text": str(result)})
            return None
        tool = TOOLS[call.name]
        if tool.kind == "suspend":
            question = self._question()
            if question is None or question.open:
                return self._suspend(result, step, asked=question is not None)
        ends = tool.ends(tool.parse(call.arguments))
        try:
            return self._commit(step, result, ends)
        except GateRefused as refused:
            listed = "\n".join(f"- {v.message}" for v in refused.violations)
            self.steps.finish(step, "failed", {"text": f"{call.name} was refused:\n{listed}"})
        except ToolProblem as problem:
            self.steps.finish(step, "failed", {"text": str(problem)})
        return None

    def _question(self) -> DecisionState | None:
        """The decision that the present `ask_human` opened, if it has: they come in the order of the calls."""
        answered = sum(1 for s in self.steps.all if s.name == "ask_human" and s.status == "done")
        mine = [d for d in self.desk.mission.decisions.decisions.values() if d.decision.subject == self.id]
        return mine[answered] if answered < len(mine) else None

    def _suspend(self, result: ToolResult, step: StepRecord, asked: bool) -> Outcome | None:
        try:
            facts = [] if asked else list(result.facts(self.desk.mission))
            with self.desk.transaction("run.ask_human"):
                self.desk.append(*facts)
                self.steps.save()
        except GateRefused as refused:
            self.steps.finish(step, "failed", {"text": str(refused)})
            return None
        return "suspended"

    def _commit(self, step: StepRecord, result: ToolResult, ends: bool) -> Outcome | None:
        facts: list[AnyEvent] = list(result.facts(self.desk.mission))
        finished = FinishedStep(run_id=self.id, n=step.n, status="done", result=stored(result))
        if not facts and not ends:
            self.steps.record(finished, later=True)
            return None
        if ends:
            facts.append(self._ended("finished", result.text))
        with self.desk.transaction("run.commit"):
            self.desk.append(*facts)
            self.steps.record(finished)
        return "ended" if ends else None

    # Ending

    def _end(self, outcome: Literal["finished", "failed", "partial"], summary: str) -> None:
        with self.desk.transaction("run.end"):
            self.steps.save()
            self.desk.append(self._ended(outcome, summary))

    def _ended(self, outcome: Literal["finished", "failed", "partial"], summary: str) -> RunEnded:
        steps = self.steps
        return RunEnded(
            run_id=self.id, outcome=outcome, summary=summary[:2000] or outcome, usage=steps.usage, steps=steps.count
        )

    async def _fail(self, reason: str) -> None:
        """An honest partial handoff for a worker, a plain failure for everybody else."""
        self.steps.save()
        partial = await self.workshop.partial_handoff(reason)
        with self.desk.transaction("run.fail"):
            self.desk.append(*partial, self._ended("partial" if partial else "failed", reason))


def _answer(question: DecisionState) -> str:
    if question.answer is None:
        return "waiting for the human"
    note = f"\n{question.answer.note}" if question.answer.note else ""
    return f"The human answers: {question.answer.choice}{note}"
