"""Figures and tables as plain text."""

import unicodedata
from collections.abc import Sequence

from mission_tui.domain.ports import JsonObject


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their widest cell; the last one is free."""
    whole = [tuple(head), *(tuple(map(plain, row)) for row in rows)]
    widths = [max(_width(row[column]) for row in whole) for column in range(len(head) - 1)]
    return "\n".join(_row(row, widths) for row in whole)


def _row(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=False)]
    return "  ".join([*cells, row[-1]]).rstrip()


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def plain(text: str) -> str:
    """One line without control characters: text of agents must not steer the terminal."""
    folded = " ".join(text.split())
    return "".join(c if unicodedata.category(c) not in ("Cc", "Cf", "Cs") else "�" for c in folded)


def duration(seconds: float) -> str:
    """`42 s`, `7 min`, `3 h 20 min`."""
    whole = max(0, int(seconds))
    if whole < 90:
        return f"{whole} s"
    minutes = whole // 60
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02} min"


def amount(usd: float, known: bool) -> str:
    """Money spent; an unknown price is never shown as zero."""
    if known:
        return f"${usd:.2f}"
    return f"≥ ${usd:.2f}" if usd else "unknown"


def tokens(count: int) -> str:
    return f"{count:,}" if count < 100_000 else f"{count / 1000:,.0f}k"


def status_text(state: JsonObject) -> str:
    """What `status` prints for people, made of what it prints for programs."""
    usage = state["usage"]
    engine = f"engine {state['engine']['pid']}" if state["engine"]["alive"] else "no engine"
    counted = ", ".join(f"{n} {name}" for name, n in state["assertions"].items() if n and name != "total")
    why = f": {plain(state['end_reason'])}" if state["end_reason"] else ""
    twice = usage["repeated_calls"]
    repeated = f" ({twice} call{'s' * (twice != 1)} perhaps billed twice)" if twice else ""
    lines = [
        f"{state['id']}  {plain(state['title'])}",
        f"  state      {state['state']} ({engine}){why}",
        f"  branch     {state['branch']} in {state['repo']}",
        f"  head       {state['head_commit'][:12]} (from {state['base_commit'][:12]})",
        f"  contract   {state['assertions']['total']} assertions" + (f": {counted}" if counted else ""),
        f"  spent      {amount(usage['usd'], usage['usd_known'])}, {tokens(usage['input_tokens'])} tokens in "
        f"({tokens(usage['cached_tokens'])} cached), {tokens(usage['output_tokens'])} out, "
        f"{usage['runs']} runs, {duration(usage['wall_s'])} of work{repeated}",
    ]
    because: dict[str, list[str]] = {}
    for one in state["stale"]:
        because.setdefault(", ".join(one["because"]), []).append(one["id"])
    for reason, names in because.items():
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        lines.append(f"  stale      {', '.join(names[:5])}{more}: {plain(reason)}")
    for milestone in state["milestones"]:
        rounds = f" (round {milestone['round']})" if milestone["round"] else ""
        lines.append(f"  {milestone['id']:<10} {milestone['state']}{rounds}: {plain(milestone['title'])}")
        own = [f for f in state["features"] if f["milestone"] == milestone["id"]]
        lines += [f"    {f['id']:<8} {f['state']:<11} {plain(f['title'])}" for f in own]
    if run := state["active_run"]:
        where = f" on {run['feature']}" if run["feature"] else ""
        lines.append(f"  now        {run['role']}{where}, step {run['step']} ({plain(run['model'])})")
    lines += [f"  waits      {d['id']} {d['kind']}: {plain(d['summary'])}" for d in state["decisions"]]
    return "\n".join(lines)
