"""What the repository itself keeps of a mission: contract, plan and services manifest, for people to read."""

import json

from mission_tui.domain.contract import Assertion
from mission_tui.domain.mission import Mission
from mission_tui.engine.briefing import assertion_text, services_text


def contract_markdown(mission: Mission) -> str:
    """The contract as a person reads it."""
    parts = [f"# Validation contract: {mission.created.title if mission.created else ''}", ""]
    areas: dict[str, list[Assertion]] = {}
    for assertion in mission.contract.assertions.values():
        areas.setdefault(assertion.area_name, []).append(assertion)
    for area, assertions in areas.items():
        parts.append(f"## {area}\n")
        parts += [f"```\n{assertion_text(a)}\n```\n" for a in assertions]
    return "\n".join(parts)


def plan_markdown(mission: Mission) -> str:
    parts = [f"# Plan: {mission.created.title if mission.created else ''}", ""]
    for name, state in mission.plan.milestones.items():
        parts.append(f"## {name} {state.milestone.title}\n")
        parts += [
            f"### {f.feature.id} {f.feature.title}\n\n{f.feature.spec}\n\n"
            f"Fulfills: {', '.join(f.feature.fulfills) or '-'}\n"
            for f in mission.plan.by_milestone.get(name, ())
        ]
    return "\n".join([*parts, "## Services\n", services_text(mission.plan.services), ""])


def services_toml(mission: Mission) -> str:
    """The services manifest in TOML: strings only, so JSON's quoting is TOML's."""
    services = mission.plan.services
    lines = [f"setup = [{', '.join(quoted(s) for s in services.setup)}]", "", "[checks]"]
    lines += [f"{quoted(name)} = {quoted(command)}" for name, command in services.checks.items()]
    if services.secrets:
        lines.insert(1, f"secrets = [{', '.join(quoted(s) for s in services.secrets)}]")
    if services.app is not None:
        lines += ["", "[app]", f"start = {quoted(services.app.start)}"]
        ready = services.app.ready
        if ready is not None:
            key, value = ("http", ready.http) if ready.http else ("log", ready.log)
            lines.append(f"ready = {{ {key} = {quoted(value or '')} }}")
        lines.append(f"stop_timeout_s = {services.app.stop_timeout_s:g}")
    return "\n".join(lines) + "\n"


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
