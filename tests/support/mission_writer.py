"""The single writer of a test's mission: real ledger, journal and artifacts, as an engine uses them."""

import io
import json
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import TracebackType

from PIL import Image, ImageDraw

from mission_tui.domain.events import (
    AnyEvent,
    CommitRecorded,
    FeatureCompleted,
    HandoffRecorded,
    IssueOpened,
    RunEnded,
    RunStarted,
    VerdictRecorded,
)
from mission_tui.domain.gates import check
from mission_tui.domain.handoff import Handoff, Issue, ObservedCommand, compare_claims
from mission_tui.domain.ports import Delta, JsonObject, Message, Usage
from mission_tui.domain.verdict import Evidence, Verdict
from mission_tui.store.artifacts import Artifacts
from mission_tui.store.database import MissionDatabase
from mission_tui.store.journal import FinishedStep, Journal, NewStep
from mission_tui.store.layout import MissionFiles, new_mission_files
from mission_tui.store.ledger import Ledger
from mission_tui.store.live import LiveWriter


@cache
def a_page() -> bytes:
    """A picture of some page."""
    image = Image.new("RGB", (640, 360), "#f6f7f9")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, 640, 56), fill="#2b5f8a")
    draw.rectangle((40, 96, 600, 150), fill="#ffffff", outline="#c3c7c9")
    for line in range(4):
        draw.rectangle((40, 190 + 36 * line, 240 + 70 * line, 204 + 36 * line), fill="#7f8a95")
    draw.rectangle((500, 300, 600, 336), fill="#2c7a3f")
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


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
        image = kind == "screenshot"
        sha = self.artifacts.put_bytes(a_page() if image else text.encode())
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
                        "depends_on": None if assertion.guard else [f"app/{mission.plan.owners[name]}.py"],
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
