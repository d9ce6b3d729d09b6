"""Gates on the contract: what an assertion must say, and who may change it."""

from collections.abc import Iterator

from mission_tui.domain.checks import BrowserStep, Locator
from mission_tui.domain.contract import Assertion, EvidenceKind, ProofKind
from mission_tui.domain.events import AnyEvent, AssertionOverridden, ContractAmended, ContractDrafted
from mission_tui.domain.gates.base import Violation, duplicates
from mission_tui.domain.globs import complaint
from mission_tui.domain.mission import Mission

OBSERVABLE: dict[ProofKind, frozenset[EvidenceKind]] = {
    "command": frozenset({"output", "exit_code"}),
    "http": frozenset({"response"}),
    "browser": frozenset({"screenshot", "console", "network", "trace"}),
    "terminal": frozenset({"screen", "output", "exit_code"}),
    "review": frozenset({"diff"}),
}
"""The evidence that the engine can gather for each kind of proof."""


def _written(event: AnyEvent) -> tuple[Assertion, ...]:
    if isinstance(event, ContractDrafted):
        return event.assertions
    if isinstance(event, ContractAmended):
        return (*event.amendment.add, *event.amendment.change)
    return ()


def a_proof_has_a_procedure_and_evidence(_mission: Mission, event: AnyEvent) -> Iterator[Violation]:
    """Every assertion says how it is proved and what a pass must carry."""
    for a in _written(event):
        if not a.proof.procedure.strip():
            yield Violation(
                rule="proof_procedure",
                offender=a.id,
                message=f"{a.id}: the proof has no procedure; write the steps that show the statement is true",
            )
        if not a.proof.evidence:
            kinds = ", ".join(sorted(OBSERVABLE[a.proof.by]))
            yield Violation(
                rule="proof_evidence",
                offender=a.id,
                message=f"{a.id}: the proof names no evidence kind; a {a.proof.by} proof can carry {kinds}",
            )


def evidence_can_be_observed(_mission: Mission, event: AnyEvent) -> Iterator[Violation]:
    """A kind of evidence that its proof can never produce would make a pass impossible."""
    for a in _written(event):
        for kind in a.proof.evidence:
            if kind not in OBSERVABLE[a.proof.by]:
                kinds = ", ".join(sorted(OBSERVABLE[a.proof.by]))
                yield Violation(
                    rule="evidence_kind",
                    offender=a.id,
                    message=f"{a.id}: a {a.proof.by} proof cannot carry {kind}; it can carry {kinds}",
                )


def checks_expect_something(_mission: Mission, event: AnyEvent) -> Iterator[Violation]:
    """Steps that expect nothing would pass whatever the product does."""
    for a in _written(event):
        if a.proof.checks and a.proof.by != "command" and not any(_expects(s) for s in a.proof.checks):
            yield Violation(
                rule="checks_expect",
                offender=a.id,
                message=f"{a.id}: its checks expect nothing, so they would always pass; add an expect_… key",
            )


def files_are_in_the_tree(_mission: Mission, event: AnyEvent) -> Iterator[Violation]:
    """The files that a proof declares are globs of the tree; a review depends on its feature's files anyway."""
    for a in _written(event):
        if a.proof.by == "review" and a.proof.files:
            yield Violation(
                rule="proof_files",
                offender=a.id,
                message=f"{a.id}: a review depends on the files of its feature's diff; leave `files` out",
            )
        for glob in a.proof.files:
            wrong = complaint(glob)
            if wrong is not None:
                yield Violation(
                    rule="proof_files",
                    offender=a.id,
                    message=f"{a.id}: `files` names {glob!r}, which {wrong}; write globs such as app/** or *.toml",
                )


def _expects(step: object) -> bool:
    fields: set[str] = getattr(step, "model_fields_set", set[str]())
    return any(name.startswith("expect_") for name in fields)


def locators_anchor_no_implementation(_mission: Mission, event: AnyEvent) -> Iterator[Violation]:
    """Checks written before the code find elements by role, label, visible text or test id."""
    for a in _written(event):
        for number, step in enumerate(a.proof.checks):
            if isinstance(step, BrowserStep):
                for selector in selectors(step):
                    yield Violation(
                        rule="locator",
                        offender=a.id,
                        message=f"{a.id}: checks[{number}] uses the selector {selector!r}; before the code exists name "
                        "elements by {role, name}, {label}, {text} or {test_id}",
                    )


def selectors(step: BrowserStep) -> Iterator[str]:
    """Targets that are written as selectors, not by role, label or text."""
    targets = [step.click, step.expect_visible, step.expect_hidden]
    for holder in (step.fill, step.press, step.select, step.expect_text, step.expect_count, step.expect_style):
        if holder is not None and not isinstance(holder, str):
            targets.append(holder.target)
    yield from (t for t in targets if t is not None and not isinstance(t, Locator))


def assertion_ids_are_unique(mission: Mission, event: AnyEvent) -> Iterator[Violation]:
    """One id, one assertion."""
    for name in duplicates(a.id for a in _written(event)):
        yield Violation(rule="duplicate_id", offender=name, message=f"{name}: two assertions have this id")
    if isinstance(event, ContractAmended):
        for a in event.amendment.add:
            if a.id in mission.contract.assertions:
                yield Violation(
                    rule="duplicate_id", offender=a.id, message=f"{a.id}: exists already; use `change` or another id"
                )


def amendments_name_live_assertions(mission: Mission, event: AnyEvent) -> Iterator[Violation]:
    """Only what is in the contract can be changed, dropped, removed or signed over."""
    names: tuple[str, ...] = ()
    if isinstance(event, ContractAmended):
        names = (*(a.id for a in event.amendment.change), *event.amendment.drop)
    elif isinstance(event, ContractDrafted):
        names = event.removed
    elif isinstance(event, AssertionOverridden):
        names = (event.assertion,)
    for name in names:
        if name not in mission.contract.assertions:
            yield Violation(rule="unknown_assertion", offender=name, message=f"{name}: no live assertion has this id")


def an_approved_contract_changes_only_by_amendment(mission: Mission, event: AnyEvent) -> Iterator[Violation]:
    """Drafting ends with approval; later changes are typed amendments."""
    if isinstance(event, ContractDrafted) and mission.plan.approved:
        yield Violation(
            rule="contract_approved",
            offender="contract",
            message="the contract is approved; change it with amend_contract(add, change, drop, reason)",
        )


def changes_and_drops_are_signed(_mission: Mission, event: AnyEvent) -> Iterator[Violation]:
    """Whatever weakens or alters a live assertion waits for the human's signature; additions do not."""
    if isinstance(event, ContractAmended) and not event.signed:
        for name in (*(a.id for a in event.amendment.change), *event.amendment.drop):
            yield Violation(
                rule="unsigned_amendment",
                offender=name,
                message=f"{name}: changing or dropping a live assertion needs the human's signature",
            )


RULES = (
    a_proof_has_a_procedure_and_evidence,
    evidence_can_be_observed,
    checks_expect_something,
    files_are_in_the_tree,
    locators_anchor_no_implementation,
    assertion_ids_are_unique,
    amendments_name_live_assertions,
    an_approved_contract_changes_only_by_amendment,
    changes_and_drops_are_signed,
)
