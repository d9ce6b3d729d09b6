"""Missions on disk as an engine leaves them at different times, each building on the one before."""

from mission_tui.domain.contract import Assertion
from mission_tui.domain.control import to_control
from mission_tui.domain.decision import Answer, Decision, Question
from mission_tui.domain.events import (
    BaseProved,
    ContractDrafted,
    ControlRecorded,
    DecisionAnswered,
    DecisionOpened,
    FeatureAdded,
    IssueDismissed,
    MessageSaid,
    MessagesDelivered,
    MilestoneSealed,
    MissionCreated,
    PlanApproved,
    PlanDrafted,
    PlanSubmitted,
    ReviewRecorded,
    ScrutinyRecorded,
    ValidationConcluded,
    ValidationStarted,
)
from mission_tui.domain.handoff import ClaimedCommand, Handoff, ObservedCommand, ReportedIssue
from mission_tui.domain.plan import Feature, Milestone
from mission_tui.domain.ports import JsonObject
from mission_tui.domain.seats import SeatSettings
from mission_tui.domain.verdict import BaseResult, CheckComparison, ControlResult, Finding
from mission_tui.store.journal import NewStep
from tests.support.mission_writer import MissionWriter

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
                summary="Approve the contract and the plan? 13 assertions (12 proved by machine), "
                "5 features in 3 milestones",
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


def controlled(writer: MissionWriter, milestone: str, number: int) -> None:
    """The milestone's proofs were red on the trees from before its features."""
    mission = writer.ledger.mission
    results = tuple(
        ControlResult(
            assertion=name,
            feature=mission.plan.owners[name],
            commit="c0",
            outcome="red",
            cause="expectation",
            reason="step 1: the page does not say so",
        )
        for name in to_control(mission, milestone)
    )
    writer.append(ControlRecorded(milestone=milestone, round=number, results=results))


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
    controlled(writer, "M1", 1)
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
        if passed:
            controlled(writer, "M2", number)
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
