"""Missions on disk as an engine leaves them, written through the real ledger, journal and artifacts."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from mission_tui.domain.contract import Assertion
from mission_tui.domain.decision import Answer, Decision, Question
from mission_tui.domain.events import (
    AnyEvent,
    BaseProved,
    CommitRecorded,
    ContractDrafted,
    DecisionAnswered,
    DecisionOpened,
    FeatureAdded,
    FeatureCompleted,
    HandoffRecorded,
    IssueDismissed,
    IssueOpened,
    MessageSaid,
    MessagesDelivered,
    MilestoneSealed,
    MissionCreated,
    PlanApproved,
    PlanDrafted,
    PlanSubmitted,
    ReviewRecorded,
    RunEnded,
    RunStarted,
    ScrutinyRecorded,
    ValidationConcluded,
    ValidationStarted,
    VerdictRecorded,
)
from mission_tui.domain.gates import check
from mission_tui.domain.handoff import ClaimedCommand, Handoff, Issue, ObservedCommand, ReportedIssue, compare_claims
from mission_tui.domain.plan import Feature, Milestone
from mission_tui.domain.ports import Delta, JsonObject, Message, Usage
from mission_tui.domain.seats import SeatSettings
from mission_tui.domain.verdict import BaseResult, CheckComparison, Evidence, Finding, Verdict
from mission_tui.store.artifacts import Artifacts
from mission_tui.store.database import MissionDatabase
from mission_tui.store.journal import FinishedStep, Journal, NewStep
from mission_tui.store.layout import MissionFiles, new_mission_files
from mission_tui.store.ledger import Ledger
from mission_tui.store.live import LiveWriter

CLAIMS = [
    ("VAL-EXPORT-001", "http", "Exporting gives a CSV of every entry"),
    ("VAL-EXPORT-002", "http", "An empty ledger exports a header line only"),
    ("VAL-EXPORT-003", "browser", "The Export button downloads the file"),
    ("VAL-EXPORT-004", "command", "Amounts keep two decimals in every locale"),
    ("VAL-IMPORT-001", "browser", "A CSV file can be chosen and imported"),
    ("VAL-IMPORT-002", "browser", "An empty file gives a clear message"),
    ("VAL-IMPORT-003", "command", "A file without a trailing newline loses no row"),
    ("VAL-IMPORT-004", "review", "Parsing is one function with one caller"),
    ("VAL-DARK-001", "browser", "The page follows the system's colour scheme"),
    ("VAL-DARK-002", "browser", "The choice of theme survives a reload"),
    ("VAL-DARK-003", "terminal", "The command line client keeps its colours"),
]
GUARDS = [("VAL-CORE-001", "http", "Listing entries still works"), ("VAL-CORE-002", "command", "The test suite passes")]
EVIDENCE = {
    "http": ("response",),
    "browser": ("screenshot", "console"),
    "command": ("output", "exit_code"),
    "terminal": ("screen",),
    "review": ("diff",),
}
CHECKS: dict[str, list[JsonObject]] = {
    "http": [{"request": "GET /export.csv", "expect_status": 200, "expect_header": {"content-type": "text/csv"}}],
    "browser": [{"goto": "/"}, {"click": {"role": "button", "name": "Import"}, "expect_text": "no rows"}],
    "command": [{"run": "python -m ledger export", "expect_stdout": "^date,amount"}],
    "terminal": [{"spawn": "python -m ledger list", "expect_screen": "Total"}],
    "review": [],
}
FEATURES = [
    ("F1", "CSV export", "M1", ("VAL-EXPORT-001", "VAL-EXPORT-002", "VAL-EXPORT-004"), ()),
    ("F2", "Export button", "M1", ("VAL-EXPORT-003",), ("F1",)),
    ("F3", "Upload form", "M2", ("VAL-IMPORT-001", "VAL-IMPORT-002"), ()),
    ("F4", "CSV parser", "M2", ("VAL-IMPORT-003", "VAL-IMPORT-004"), ()),
    ("F5", "Dark mode", "M3", ("VAL-DARK-001", "VAL-DARK-002", "VAL-DARK-003"), ()),
]
MILESTONES = (("M1", "Export"), ("M2", "Import"), ("M3", "Dark mode"))


def note(run: str, text: str) -> NewStep:
    return NewStep(run_id=run, kind="note", name="note", done_result={"text": text})


def claim(name: str, by: str, title: str, *, guard: bool = False) -> Assertion:
    return Assertion.model_validate(
        {
            "id": name,
            "title": title,
            "statement": f"{title}, whatever the locale, the number of rows and the browser.",
            "guard": guard,
            "proof": {
                "by": by,
                "procedure": "Start the app, add two entries, do what the title says and look at what comes.",
                "evidence": list(EVIDENCE[by]),
                "checks": CHECKS[by],
            },
        }
    )


@dataclass
class MissionWriter:
    """The single writer of one mission. Its clock ticks 3 s an event, ending about now."""

    files: MissionFiles
    db: MissionDatabase
    ledger: Ledger
    journal: Journal
    artifacts: Artifacts
    now: float

    @classmethod
    def create(cls, data: Path, mission_id: str = "csv-import-1a2b3c", began: float = 7000.0) -> "MissionWriter":
        files = new_mission_files(data, mission_id)
        files.root.mkdir(parents=True)
        db = MissionDatabase.create(files)
        holder: list[MissionWriter] = []

        def clock() -> float:
            return holder[0].tick()

        writer = cls(
            files, db, Ledger(db, check, clock), Journal(db, clock), Artifacts(files.artifacts), time.time() - began
        )
        holder.append(writer)
        return writer

    def tick(self, seconds: float = 3.0) -> float:
        self.now += seconds
        return self.now

    def close(self) -> None:
        self.db.close()

    def __enter__(self) -> "MissionWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def append(self, *events: AnyEvent) -> None:
        self.ledger.append(*events)

    # Runs and steps

    def start(self, run: str, role: str, feature: str | None = None, milestone: str | None = None) -> None:
        purpose = self.ledger.mission.plan.features[feature].feature.title if feature else "it is its turn"
        self.append(
            RunStarted(
                run_id=run,
                role=role,
                model="anthropic/claude-sonnet",
                feature=feature,
                milestone=milestone,
                base=self.ledger.mission.head,
                purpose=purpose,
            )
        )
        self.journal.open_run(run, {"messages": [], "tools": []})

    def end(self, run: str, summary: str = "done") -> None:
        self.append(
            RunEnded(
                run_id=run,
                outcome="finished",
                summary=summary,
                usage=self.journal.run_usage(run),
                steps=self.count(run),
            )
        )

    def count(self, run: str) -> int:
        return max((s.n for s in self.journal.steps(run)), default=0)

    def say(self, run: str, text: str, thinking: str = "", tokens: int = 42_000) -> None:
        """A model step with words of its own."""
        usage = Usage(input_tokens=tokens, cached_tokens=int(tokens * 0.96), output_tokens=900, usd=0.031)
        message = Message(role="assistant", content=text, thinking=thinking)
        started = self.journal.advance(start=[NewStep(run_id=run, kind="model", name="anthropic/claude-sonnet")])[0]
        result = {"message": message.model_dump(mode="json"), "usage": usage.model_dump()}
        self.journal.advance([FinishedStep(run_id=run, n=started.n, status="done", result=result, usage=usage)])

    def call(self, run: str, tool: str, arguments: JsonObject, result: JsonObject | None, status: str = "done") -> int:
        """A tool step; without a result it goes on running."""
        call_id = f"call_{run}_{self.count(run)}"
        step = NewStep(
            run_id=run, kind="tool", name=tool, call_id=call_id, request={"arguments": json.dumps(arguments)}
        )
        started = self.journal.advance(start=[step])[0]
        if result is not None:
            finished = FinishedStep.model_validate({"run_id": run, "n": started.n, "status": status, "result": result})
            self.journal.advance([finished])
        return started.n

    def command(self, run: str, command: str, exit_code: int, output: str, seconds: float = 4.2) -> None:
        text = f"exit code {exit_code} ({seconds:.1f} s)\n{output}"
        result = {"text": text, "exit_code": exit_code, "command": command, "duration_s": seconds}
        self.call(run, "run_command", {"command": command}, result)

    def live(self, run: str, text: str) -> None:
        self.files.live.mkdir(exist_ok=True)
        LiveWriter(self.files, run).add(Delta(kind="text", text=text))

    # Proof

    def evidence(self, kind: str, number: int, text: str) -> Evidence:
        sha = self.artifacts.put_bytes(text.encode())
        image = kind == "screenshot"
        return Evidence.model_validate(
            {
                "id": f"E{number}",
                "kind": kind,
                "artifact": sha,
                "name": f"{kind}.png" if image else f"{kind}.txt",
                "media_type": "image/png" if image else "text/plain",
                "bytes": len(text),
            }
        )

    def verdict(self, name: str, status: str, milestone: str, number: int = 1, reason: str = "seen as stated") -> None:
        mission = self.ledger.mission
        assertion = mission.contract.assertions[name]
        text = "HTTP/1.1 200 OK\ncontent-type: text/csv; charset=utf-8\n\ndate,amount,note\n2024-01-03,12.50,lunch\n"
        self.append(
            VerdictRecorded(
                verdict=Verdict.model_validate(
                    {
                        "assertion": name,
                        "status": status,
                        "reason": reason,
                        "evidence": [
                            self.evidence(kind, i, f"{name} {kind}\n{text}")
                            for i, kind in enumerate(assertion.proof.evidence)
                        ],
                        "prover": "mechanical" if assertion.mechanical else "reviewer",
                        "cause": "expectation" if status == "failed" else None,
                        "tree": self.ledger.mission.tree,
                        "milestone": milestone,
                        "round": number,
                        "depends_on": None if assertion.guard else [f"app/{mission.plan.owners()[name]}.py"],
                    }
                )
            )
        )

    def complete(self, run: str, feature: str, handoff: Handoff, observed: tuple[ObservedCommand, ...] = ()) -> None:
        """A worker's run ends: commit, handoff, issues."""
        mission = self.ledger.mission
        commit = f"{0xA1B2C3 + len(mission.runs.handoffs):07x}d"
        claims = compare_claims(handoff.commands, observed)
        issues = [
            IssueOpened(
                run_id=run,
                issue=Issue(
                    id=f"I{len(mission.issues.issues) + 1 + place}",
                    source=source,
                    severity=severity,
                    summary=summary,
                    feature=feature,
                    milestone=mission.plan.features[feature].feature.milestone,
                ),
            )
            for place, (source, severity, summary) in enumerate(
                [
                    *(
                        ("contradiction", "blocking", f"the handoff claims `{c.command}` exited {c.claimed_exit}")
                        for c in claims
                        if c.contradicted
                    ),
                    *(("leftover", "non_blocking", f"left undone: {item}") for item in handoff.undone),
                    *(("handoff", issue.severity, issue.summary) for issue in handoff.issues),
                ]
            )
        ]
        self.append(
            CommitRecorded(
                run_id=run, commit=commit, tree=f"t{commit}", paths=(f"app/{feature}.py",), reason="handoff"
            ),
            HandoffRecorded(
                run_id=run,
                feature=feature,
                attempt=1,
                handoff=handoff,
                claims=claims,
                base=mission.head,
                head=commit,
            ),
            FeatureCompleted(run_id=run, id=feature, base=mission.head, head=commit, commits=(commit,)),
            *issues,
        )
        self.end(run, handoff.summary)


def created(writer: MissionWriter, title: str = "CSV import and dark mode") -> None:
    writer.append(
        MissionCreated.model_validate(
            {
                "id": writer.files.id,
                "title": title,
                "goal": "People want to get their entries out of the ledger and back in as CSV, and a dark mode.",
                "repo": "/home/ana/src/ledger",
                "branch": "mission/csv-import",
                "base_commit": "c0ffee0",
                "base_tree": "t0",
                "seats": {"default": SeatSettings(model="anthropic/claude-sonnet")},
                "skills": ("backend-worker", "frontend-worker"),
            }
        )
    )


QUESTIONS = (
    Question(
        id="scope",
        text="Which columns must the CSV have?",
        choices=("date, amount, note", "everything the ledger stores"),
        default="date, amount, note",
    ),
    Question(id="users", text="Who imports files, and how large are they?", default="one person, a few thousand rows"),
    Question(id="dark", text="Should dark mode follow the system?", choices=("follow it", "a switch", "both")),
)


def interviewing(writer: MissionWriter) -> None:
    """The orchestrator has read the repository and asks."""
    created(writer)
    writer.append(MessageSaid(author="human", text="Please keep the old date format working."))
    writer.start("R1", "orchestrator")
    writer.append(MessagesDelivered(run_id="R1", upto=1))
    writer.call("R1", "read_file", {"path": "app/views.py"}, {"text": "1 from flask import Flask\n2 app = Flask()"})
    writer.say("R1", "I have read the repository: a Flask application with 23 tests, one of which fails already.")
    text = "I have read the repository: a Flask application with 23 tests, one of which fails already."
    writer.append(MessageSaid(run_id="R1", author="orchestrator", text=text))
    writer.call("R1", "ask_human", {"questions": [q.model_dump() for q in QUESTIONS]}, None)
    writer.append(
        DecisionOpened(
            run_id="R1",
            decision=Decision(
                id="D1",
                kind="answer",
                summary=f"{QUESTIONS[0].text} (and 2 more)",
                choices=(),
                default=QUESTIONS[0].default or "",
                blocks="the orchestrator",
                subject="R1",
                questions=QUESTIONS,
            ),
        )
    )


def proposed(writer: MissionWriter) -> None:
    """Contract and plan are drafted and wait for approval."""
    interviewing(writer)
    answer = Answer(choice="scope: date, amount, note\nusers: one person\ndark: both")
    writer.append(DecisionAnswered(id="D1", answer=answer))
    writer.append(
        ContractDrafted(assertions=tuple(claim(*c) for c in CLAIMS) + tuple(claim(*c, guard=True) for c in GUARDS)),
        PlanDrafted(
            milestones=tuple(Milestone(id=name, title=title) for name, title in MILESTONES),
            features=tuple(
                Feature(id=name, title=title, milestone=milestone, spec="Do it.", fulfills=fulfills, after=after)
                for name, title, milestone, fulfills, after in FEATURES
            ),
        ),
        MessageSaid(run_id="R1", author="orchestrator", text="Contract and plan are ready: 13 assertions, 5 features."),
        PlanSubmitted(run_id="R1"),
    )
    writer.end("R1", "plan submitted")
    mission = writer.ledger.mission
    results = tuple(
        BaseResult(assertion=a.id, passed=a.guard or a.id == "VAL-DARK-003", cause=None if a.guard else "expectation")
        for a in mission.contract.assertions.values()
        if a.mechanical
    )
    writer.append(BaseProved(contract_version=mission.contract.version, checks=(), results=results))
    writer.append(
        DecisionOpened(
            decision=Decision(
                id="D2",
                kind="approve_plan",
                summary="Approve the contract and the plan? 13 assertions (12 proved by machine), 5 features in 3 milestones",
                choices=("approve", "reject"),
                default="approve",
            )
        )
    )


def approved(writer: MissionWriter) -> None:
    proposed(writer)
    writer.append(
        DecisionAnswered(id="D2", answer=Answer(choice="approve")),
        PlanApproved(
            contract_version=writer.ledger.mission.contract.version,
            base_commit="c0ffee0",
            signed_vacuous=("VAL-DARK-003",),
            base_was_proved=True,
        ),
    )


def first_sealed(writer: MissionWriter) -> None:
    """The first milestone is built, proved and sealed."""
    approved(writer)
    for run, feature in (("R2", "F1"), ("R3", "F2")):
        writer.start(run, "worker", feature, "M1")
        writer.say(run, "I will write the failing test first.", tokens=120_000)
        writer.command(run, "pytest -q", 0, "24 passed")
        handoff = Handoff(
            summary=f"{writer.ledger.mission.plan.features[feature].feature.title} works, with tests.",
            completed=("everything in the spec",),
            commands=(ClaimedCommand(command="pytest -q", exit_code=0),),
        )
        writer.complete(run, feature, handoff, (ObservedCommand(command="pytest -q", exit_code=0, step=2),))
    writer.append(ValidationStarted(milestone="M1", round=1, tree=writer.ledger.mission.tree))
    writer.append(
        ScrutinyRecorded(milestone="M1", round=1, checks=(), comparisons=(CheckComparison(name="tests", ok=True),))
    )
    for name in writer.ledger.mission.to_prove("M1"):
        writer.verdict(name, "passed", "M1")
    writer.append(ValidationConcluded(milestone="M1", round=1, passed=True, summary="all hold"))
    writer.append(MilestoneSealed(id="M1", head=writer.ledger.mission.head))


def contradicted(writer: MissionWriter) -> None:
    """The upload form was handed off with a false claim, which was answered with a fix."""
    first_sealed(writer)
    writer.start("R4", "worker", "F3", "M2")
    writer.say("R4", "The form comes first, then the handler.", thinking="The template is in app/templates.")
    writer.call("R4", "read_file", {"path": "app/views.py"}, {"text": "\n".join(f"{n} line" for n in range(1, 143))})
    writer.command("R4", "pytest -q", 1, "F.......\nE   assert 11 == 12\n1 failed, 26 passed", 6.4)
    handoff = Handoff(
        summary="The upload form accepts a CSV file and reports how many rows were imported.",
        completed=("form", "handler"),
        undone=("drag and drop",),
        commands=(
            ClaimedCommand(command="pytest -q", exit_code=0),
            ClaimedCommand(command="ruff check .", exit_code=0),
        ),
        issues=(ReportedIssue(severity="non_blocking", summary="dates depend on the locale of the server"),),
        procedure_followed=False,
        deviations="the test came after the code",
    )
    seen = (
        ObservedCommand(command="pytest -q", exit_code=1, step=4),
        ObservedCommand(command="ruff check .", exit_code=0, step=5),
    )
    writer.complete("R4", "F3", handoff, seen)
    writer.start("R5", "orchestrator")
    writer.say("R5", "The claim about the tests is false: the parser drops the last row. F4 owns that.")
    writer.append(
        MessageSaid(
            run_id="R5", author="orchestrator", text="F3 claimed green tests that were red. I add F6 to mend it."
        ),
        FeatureAdded(
            run_id="R5",
            feature=Feature(
                id="F6", title="Mend the upload test", milestone="M2", spec="Mend it.", enabling="a red test"
            ),
            origin="fix",
            resolves=("I1",),
        ),
        IssueDismissed(run_id="R5", id="I2", reason="not in scope"),
        IssueDismissed(run_id="R5", id="I3", reason="the contract covers it"),
    )
    writer.end("R5", "issues answered")
    writer.start("R6", "worker", "F6", "M2")
    writer.command("R6", "pytest -q", 0, "27 passed")
    fixed = Handoff(summary="The test is green.", commands=(ClaimedCommand(command="pytest -q", exit_code=0),))
    writer.complete("R6", "F6", fixed, (ObservedCommand(command="pytest -q", exit_code=0, step=1),))


def working(writer: MissionWriter) -> None:
    """A worker is at it: steps of every kind, the last still running."""
    contradicted(writer)
    writer.start("R7", "worker", "F4", "M2")
    writer.journal.add_wall(8040)
    writer.say("R7", "I look at how files are read today.")
    writer.call("R7", "read_file", {"path": "app/views.py"}, {"text": "\n".join(f"{n} line" for n in range(1, 143))})
    writer.call(
        "R7", "search", {"pattern": "parse_date"}, {"text": "\n".join(f"app/a.py:{n}: parse_date(x)" for n in range(6))}
    )
    writer.command(
        "R7",
        "pytest -q tests/test_import.py",
        1,
        "    def test_last_row():\n>       assert len(rows) == 12\nE       assert 11 == 12\n1 failed in 0.42s",
    )
    writer.say(
        "R7",
        "The parser drops the last row when the file has no trailing newline. I will add the case to the tests first.",
        thinking="csv.reader over splitlines would do; the loop over read() chunks is what loses it.",
    )
    writer.call(
        "R7",
        "edit_file",
        {
            "path": "tests/test_import.py",
            "old": "    assert rows",
            "new": "    assert rows\n    assert rows[-1].amount == 12.5",
        },
        {"text": "edited tests/test_import.py"},
    )
    writer.call(
        "R7",
        "edit_file",
        {"path": "app/nowhere.py", "old": "x", "new": "y"},
        {"text": "edit_file: there is no file app/nowhere.py"},
        "failed",
    )
    writer.call("R7", "run_command", {"command": "pytest -q"}, None)


def reviewing(writer: MissionWriter) -> None:
    """The second milestone was proved in two rounds and waits for the human."""
    contradicted(writer)
    writer.start("R7", "worker", "F4", "M2")
    writer.command("R7", "pytest -q", 0, "28 passed")
    writer.complete("R7", "F4", Handoff(summary="One parser, one caller."))
    for number in (1, 2):
        writer.append(
            ValidationStarted(milestone="M2", round=number, tree=writer.ledger.mission.tree, basis=str(number))
        )
        comparison = CheckComparison(
            name="tests", ok=True, old_failures=("tests/test_old.py::test_leap",), fixed=("a",)
        )
        writer.append(ScrutinyRecorded(milestone="M2", round=number, checks=(), comparisons=(comparison,)))
        if number == 1:
            finding = Finding(
                severity="suggestion", title="the parser could stream", evidence="csv.py:12", consequence="memory"
            )
            writer.append(ReviewRecorded(milestone="M2", round=1, feature="F4", summary="fine", findings=(finding,)))
        for name in writer.ledger.mission.to_prove("M2"):
            if number == 1 and name == "VAL-IMPORT-002":
                writer.verdict(name, "failed", "M2", 1, "the page showed a stack trace instead of a message")
            elif not writer.ledger.mission.holds(name):
                writer.verdict(name, "passed", "M2", number)
        passed = number == 2
        writer.append(
            ValidationConcluded(
                milestone="M2",
                round=number,
                passed=passed,
                summary="all hold" if passed else "VAL-IMPORT-002 is failed",
            )
        )
    writer.append(
        DecisionOpened(
            decision=Decision(
                id="D3",
                kind="review_milestone",
                summary="Review M2: 6 assertions hold",
                choices=("accept", "reject", "rollback"),
                default="accept",
                subject="M2",
            )
        )
    )


def failing(writer: MissionWriter) -> None:
    """The second milestone's first round is under way; one assertion failed, one is unclear."""
    contradicted(writer)
    writer.start("R7", "worker", "F4", "M2")
    writer.command("R7", "pytest -q", 0, "28 passed")
    writer.complete("R7", "F4", Handoff(summary="One parser, one caller."))
    writer.append(ValidationStarted(milestone="M2", round=1, tree=writer.ledger.mission.tree))
    writer.append(ScrutinyRecorded(milestone="M2", round=1, checks=(), comparisons=()))
    writer.verdict("VAL-IMPORT-001", "passed", "M2")
    writer.verdict("VAL-IMPORT-002", "failed", "M2", 1, "the page showed a stack trace instead of a message")
    writer.verdict("VAL-IMPORT-003", "inconclusive", "M2", 1, "the command could not be found")
