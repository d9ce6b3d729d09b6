"""What a mission of weeks has behind it: commits, facts and steps as an engine leaves them, made in seconds.

The facts go through the ledger and its gates, the commits through git; the steps are written by one statement.
"""

import subprocess
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from mission_tui.domain.budget import Limits
from mission_tui.domain.events import (
    AnyEvent,
    CommitRecorded,
    FeatureCompleted,
    HandoffRecorded,
    MessageSaid,
    MessagesDelivered,
    MilestoneSealed,
    ReviewRecorded,
    RunEnded,
    RunStarted,
    ScrutinyRecorded,
    ValidationConcluded,
    ValidationStarted,
    VerdictRecorded,
)
from mission_tui.domain.gates import check
from mission_tui.domain.handoff import Handoff
from mission_tui.domain.plan import PlanDraft
from mission_tui.domain.ports import Usage
from mission_tui.domain.seats import SeatSettings
from mission_tui.domain.verdict import Evidence, Verdict
from mission_tui.engine.create import NewMission, create_mission
from mission_tui.store.artifacts import Artifacts
from mission_tui.store.database import MissionDatabase
from mission_tui.store.layout import MissionFiles
from mission_tui.store.ledger import Ledger
from tests.support.crash_mission import repository
from tests.support.engine import git
from tests.support.long_mission import FILES, Size, VirtualClock, file_of, plan

USAGE = Usage(input_tokens=4000, cached_tokens=3800, output_tokens=200, usd=0.01)
UNLIMITED = Limits(usd=None, tokens=None, hours=None, run_hours=None)


async def create(root: Path, size: Size, clock: VirtualClock) -> MissionFiles:
    """The mission with its history, at rest before the first thing that is really done."""
    new = NewMission(
        repo=_repository(root / "repo"),
        title="A long way",
        goal="Write all the parts",
        seats={"default": SeatSettings(model="scripted:tireless")},
        review="milestone",
        plan=PlanDraft.model_validate(plan(size)),
        approve=True,
        limits=UNLIMITED,
    )
    files = (await create_mission(root / "data", new)).files
    db = MissionDatabase.open(files)
    try:
        History(files, db, clock).write(size)
    finally:
        db.close()
    return files


def _repository(folder: Path) -> Path:
    repository(folder)
    (folder / "base.txt").write_text("base\n")
    (folder / "src").mkdir()
    for n in range(FILES):
        (folder / "src" / f"part{n}.txt").write_text("nothing yet\n")
    git(folder, "add", "-A")
    git(folder, "-c", "user.name=Eve", "-c", "user.email=eve@example.org", "commit", "-qm", "parts")
    return folder


class History:
    def __init__(self, files: MissionFiles, db: MissionDatabase, clock: VirtualClock) -> None:
        self.files = files
        self.db = db
        self.clock = clock
        self.ledger = Ledger(db, check, clock.now)
        self.runs: list[str] = []

    def write(self, size: Size) -> None:
        milestones: defaultdict[str, list[str]] = defaultdict(list)
        for milestone, name in size.old():
            milestones[milestone].append(name)
        commits = iter(self._commits(size))
        with self.db.atomic("history"):
            for milestone, names in milestones.items():
                for place, name in enumerate(names):
                    self._work(name, milestone, next(commits), said=place % 2 == 1)
                self._validate(milestone, names)
            if self.runs:
                _steps(self.db, self.runs, max(1, size.old_steps // len(self.runs)))

    def _commits(self, size: Size) -> list[str]:
        """A commit for each feature on top of the branch, all at once."""
        repo, head = self.files.root.parents[2] / "repo", self.ledger.mission.head
        stream = "".join(_commit(n, name, head) for n, (_, name) in enumerate(size.old(), 1))
        marks = self.files.root / "marks"
        command = ["git", "-C", str(repo), "fast-import", "--quiet", f"--export-marks={marks}"]
        subprocess.run(command, input=stream.encode(), check=True)
        lines = sorted((line.split() for line in marks.read_text().splitlines()), key=lambda f: int(f[0][1:]))
        if lines:
            git(repo, "update-ref", "-d", "refs/past")
        marks.unlink()
        return [commit for _, commit in lines]

    def _start(self, role: str, milestone: str, feature: str | None = None) -> str:
        run_id = self.ledger.mission.runs.next_id()
        self.runs.append(run_id)
        base = self.ledger.mission.head
        self._append(
            RunStarted(
                run_id=run_id, role=role, model="scripted:tireless", feature=feature, milestone=milestone, base=base
            )
        )
        return run_id

    def _append(self, *events: AnyEvent) -> None:
        self.clock.pass_(30)
        self.ledger.append(*events)

    def _work(self, name: str, milestone: str, commit: str, said: bool) -> None:
        run, base, path = self._start("worker", milestone, name), self.ledger.mission.head, file_of(name)
        handoff = Handoff(summary=f"{name} is written", completed=(path,))
        self._append(
            CommitRecorded(
                run_id=run, commit=commit, tree=f"tree-{commit}", paths=(path,), reason=f"{name} is written"
            ),
            HandoffRecorded(run_id=run, feature=name, attempt=1, handoff=handoff, claims=(), base=base, head=commit),
            FeatureCompleted(run_id=run, id=name, base=base, head=commit, commits=(commit,), paths=(path,)),
            self._ended(run),
        )
        if said:
            self._append(MessageSaid(author="human", text=f"{name} looks well"))
            run = self._start("orchestrator", milestone)
            self._append(
                MessagesDelivered(run_id=run, upto=len(self.ledger.mission.conversation.messages)), self._ended(run)
            )

    def _ended(self, run: str) -> RunEnded:
        return RunEnded(run_id=run, outcome="finished", summary="done", usage=USAGE, steps=0)

    def _validate(self, milestone: str, names: list[str]) -> None:
        tree = self.ledger.mission.tree
        self._append(
            ValidationStarted(milestone=milestone, round=1, tree=tree, basis=self.ledger.mission.basis),
            ScrutinyRecorded(milestone=milestone, round=1, checks=(), comparisons=()),
        )
        for name in names:
            run = self._start("reviewer", milestone, name)
            review = ReviewRecorded(run_id=run, milestone=milestone, round=1, feature=name, summary="as specified")
            self._append(review, self._ended(run))
        self._append(*self._proofs(milestone, tree))
        self._append(
            ValidationConcluded(milestone=milestone, round=1, passed=True, summary="every assertion holds"),
            MilestoneSealed(id=milestone, head=self.ledger.mission.head),
        )

    def _proofs(self, milestone: str, tree: str) -> Iterator[AnyEvent]:
        sha = Artifacts(self.files.artifacts).put_bytes(b"0\n")
        seen = Evidence(id="E1", kind="exit_code", artifact=sha, name="exit", media_type="text/plain", bytes=2)
        for name in self.ledger.mission.to_prove(milestone):
            verdict = Verdict(
                assertion=name,
                status="passed",
                reason="seen",
                evidence=(seen,),
                prover="mechanical",
                tree=tree,
                milestone=milestone,
                round=1,
            )
            yield VerdictRecorded(verdict=verdict)


def _commit(number: int, name: str, head: str) -> str:
    text, said = f"{name} wrote this\n", f"{name}: Old {name}"
    above = f"from {head}\n" if number == 1 else ""
    return (
        f"commit refs/past\nmark :{number}\ncommitter Eve <eve@example.org> {1_700_000_000 + number} +0000\n"
        f"data {len(said)}\n{said}\n{above}M 100644 inline {file_of(name)}\ndata {len(text)}\n{text}\n"
    )


_MODEL = """'{"message":{"role":"assistant","content":"Part ' || n || ' of ' || run || ' is the parser; I try it.",
"tool_calls":[{"id":"call_' || n || '","name":"run_command","arguments":"{\\"command\\": \\"pytest -q\\"}"}]},
"usage":{"input_tokens":4000,"cached_tokens":3800,"output_tokens":200}}'"""
_TOOL = (
    """'{"text":"exit code 0 (0.4 s)\\n' || n || ' passed in 0.41s, 3 skipped","exit_code":0,"command":"pytest -q"}'"""
)


def _steps(db: MissionDatabase, runs: list[str], each: int) -> None:
    """`each` steps for every run, model and tool in turn, with totals and counters as they must be."""
    conn = db.conn
    conn.execute("CREATE TEMP TABLE past (place INTEGER PRIMARY KEY, run TEXT)")
    conn.executemany("INSERT INTO past VALUES (?, ?)", list(enumerate(runs)))
    conn.execute(
        f"""WITH RECURSIVE up(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up WHERE n < ?)
        INSERT INTO steps (run_id, n, kind, name, call_id, status, started_at, ended_at, input_tokens, cached_tokens,
            output_tokens, usd, request, result)
        SELECT run, n, iif(n % 2, 'model', 'tool'), iif(n % 2, 'scripted:tireless', 'run_command'),
            iif(n % 2, NULL, 'call_' || (n - 1)), 'done', 1e9 + place * 1000 + n, 1e9 + place * 1000 + n + 1,
            iif(n % 2, 4000, 0), iif(n % 2, 3800, 0), iif(n % 2, 200, 0), iif(n % 2, 0.01, 0),
            iif(n % 2, '{{}}', '{{"arguments":"{{\\"command\\": \\"pytest -q\\"}}"}}'),
            iif(n % 2, {_MODEL}, {_TOOL}) FROM past, up ORDER BY place, n""",
        (each,),
    )
    conn.execute('INSERT INTO contexts SELECT run, 1e9 + place * 1000, \'{"messages":[],"tools":[]}\' FROM past')
    conn.execute(
        "INSERT INTO run_totals SELECT run_id, count(*), sum(input_tokens), sum(cached_tokens), sum(output_tokens), "
        "sum(usd), 1 FROM steps GROUP BY run_id ORDER BY min(id)"
    )
    conn.execute(
        "UPDATE counters SET runs = (SELECT count(*) FROM contexts), (steps, input_tokens, cached_tokens, "
        "output_tokens, usd) = (SELECT count(*), sum(input_tokens), sum(cached_tokens), sum(output_tokens), sum(usd) "
        "FROM steps)"
    )
    conn.execute("DROP TABLE past")
