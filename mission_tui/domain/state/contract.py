"""The contract as drafted, approved, amended and signed over."""

from dataclasses import dataclass, field
from typing import assert_never

from mission_tui.domain.base import replace
from mission_tui.domain.contract import Amendment, Assertion
from mission_tui.domain.events import AssertionOverridden, ContractAmended, ContractDrafted, ContractEvent


@dataclass(frozen=True)
class ContractState:
    assertions: dict[str, Assertion] = field(default_factory=dict[str, Assertion])
    """Live assertions by id, in the order they were written."""
    version: int = 0
    overrides: dict[str, str] = field(default_factory=dict[str, str])
    """Assertions that the human signed over, with the reason."""

    def apply(self, event: ContractEvent) -> "ContractState":
        match event:
            case ContractDrafted():
                return self._changed({a.id: a for a in event.assertions}, event.removed)
            case ContractAmended():
                return self._amended(event.amendment)
            case AssertionOverridden():
                return replace(self, overrides={**self.overrides, event.assertion: event.reason})
        assert_never(event)

    def _amended(self, amendment: Amendment) -> "ContractState":
        upserts = {a.id: a for a in (*amendment.add, *amendment.change)}
        return self._changed(upserts, amendment.drop)

    def _changed(self, upserts: dict[str, Assertion], removed: tuple[str, ...]) -> "ContractState":
        live = {**self.assertions, **upserts}
        overrides = {k: v for k, v in self.overrides.items() if k not in upserts and k not in removed}
        for name in removed:
            live.pop(name, None)
        return ContractState(assertions=live, version=self.version + 1, overrides=overrides)
