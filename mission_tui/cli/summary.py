"""What a mission came to, in a table."""

from collections.abc import Iterator

from mission_tui.cli.tables import amount, duration, table, tokens
from mission_tui.domain.mission import Mission
from mission_tui.store.queries import Reader


def summary_text(reader: Reader) -> str:
    """State, features and figures of a mission, for the end of a headless demo."""
    mission = reader.mission()
    spend = reader.spend()
    rows = [
        (name, state.feature.milestone, state.status, state.origin, str(len(state.commits)), state.feature.title)
        for name, state in mission.plan.features.items()
    ]
    figures = [
        ("state", mission.status),
        ("assertions", ", ".join(f"{n} {status}" for status, n in mission.counts().items() if n)),
        ("milestones", ", ".join(f"{m} {mission.milestone_status(m)}" for m in mission.plan.milestones)),
        *_caught(mission),
        ("runs", f"{spend.runs} ({spend.steps} steps, {duration(spend.wall_s)} of work)"),
        ("tokens", f"{tokens(spend.usage.input_tokens)} in, {tokens(spend.usage.output_tokens)} out"),
        ("cost", amount(spend.usage.usd, spend.usage.usd_known)),
        ("branch", f"{mission.created.branch if mission.created else ''} at {mission.head[:12]}"),
    ]
    features = table(("FEATURE", "IN", "STATE", "FROM", "COMMITS", "TITLE"), rows)
    return features + "\n\n" + "\n".join(f"{name:<12} {text}" for name, text in figures)


def _caught(mission: Mission) -> Iterator[tuple[str, str]]:
    """What only the machinery could see."""
    claims = [c for handoff in mission.runs.handoffs for c in handoff.claims]
    yield "claims", f"{len(claims)} checked, {sum(c.contradicted for c in claims)} contradicted"
    verdicts = [v for history in mission.validation.verdicts.values() for v in history]
    yield "verdicts", f"{len(verdicts)}, of which {sum(v.status == 'failed' for v in verdicts)} failed"
    rounds = [one for milestone in mission.validation.rounds.values() for one in milestone]
    findings = sum(len(review.findings) for one in rounds for review in one.reviews)
    yield "findings", f"{findings} by reviewers"
    fixes = [state.feature.id for state in mission.plan.features.values() if state.origin == "fix"]
    yield "fixes", ", ".join(fixes) or "none"
