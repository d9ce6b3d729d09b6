"""Check steps: what the engine itself does and expects to prove an assertion, without a model.

A step is at most one action and any number of `expect_…` keys that must hold after it. Regular expressions are
`re.search` with MULTILINE. Expectations wait for their condition up to `within_s`, never for a fixed time.
"""

import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from mission_tui.domain.base import Frozen


def _valid_regex(text: str) -> str:
    try:
        re.compile(text, re.MULTILINE)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from error
    return text


def _scalar_as_text(value: object) -> object:
    """YAML reads `expect_header: {content-length: 5}` as a number; a pattern is meant."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Regex = Annotated[str, BeforeValidator(_scalar_as_text), AfterValidator(_valid_regex)]
Size = tuple[Annotated[int, Field(gt=0, le=1000)], Annotated[int, Field(gt=0, le=10000)]]


class _Sparse(Frozen):
    """Written without what it does not say, also after it was stored and read back."""

    @model_serializer(mode="wrap")
    def _as_said(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {k: v for k, v in handler(self).items() if v is not None}


class Locator(_Sparse):
    """An element of a page as a person would name it."""

    role: str | None = None
    name: str | None = None
    """Accessible name; only together with `role`."""
    label: str | None = None
    text: str | None = None
    test_id: str | None = None

    @model_validator(mode="after")
    def _one_way_to_find_it(self) -> "Locator":
        ways = [w for w in (self.role, self.label, self.text, self.test_id) if w is not None]
        if len(ways) != 1:
            raise ValueError("a target is exactly one of {role, name}, {label}, {text}, {test_id}")
        if self.name is not None and self.role is None:
            raise ValueError("`name` goes with `role`")
        return self


Target = str | Locator
"""A Playwright selector string, or a `Locator`; contracts written before the code use only the latter."""


class TargetValue(Frozen):
    target: Target
    value: str


class TargetKey(Frozen):
    target: Target
    key: str


class TargetMatches(Frozen):
    target: Target
    matches: Regex


class TargetCount(Frozen):
    target: Target
    count: int = Field(ge=0)


class StyleMatches(Frozen):
    target: Target
    property: str
    matches: Regex


class Emulation(_Sparse):
    color_scheme: Literal["light", "dark", "no-preference"] | None = None
    viewport: tuple[int, int] | None = None
    reduced_motion: Literal["reduce", "no-preference"] | None = None


class Step(Frozen):
    """What steps of every proof kind share."""

    ACTIONS: ClassVar[tuple[str, ...]] = ()
    within_s: float = Field(default=5.0, gt=0, le=600)
    """How long the step's expectations may take to come true, in seconds."""

    @model_serializer(mode="wrap")
    def _as_written(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Only the keys that were given: which keys a step has is what it means."""
        return {k: v for k, v in handler(self).items() if k in self.model_fields_set}

    @model_validator(mode="after")
    def _at_most_one_action(self) -> "Step":
        given = [name for name in self.ACTIONS if name in self.model_fields_set]
        if len(given) > 1:
            raise ValueError(f"at most one action in a step, found {', '.join(given)}")
        if not self.model_fields_set - {"within_s"}:
            raise ValueError("a step needs an action or an expectation")
        return self


class CommandStep(Step):
    ACTIONS = ("run",)
    run: str | None = None
    expect_exit: int = 0
    expect_stdout: Regex | None = None
    expect_stderr: Regex | None = None
    expect_file: str | None = None


class HttpStep(Step):
    ACTIONS = ("request",)
    request: Annotated[str, Field(pattern=r"^[A-Z]+ /\S*$")] | None = None
    headers: dict[str, str] = Field(default_factory=dict)
    body: Any = None
    """Text is sent as it is; anything else as JSON."""
    expect_status: int | None = None
    expect_header: dict[str, Regex] = Field(default_factory=dict)
    expect_body: Regex | None = None
    expect_json: dict[str, Any] = Field(default_factory=dict)
    """JSON pointer (RFC 6901) to the expected value."""


class BrowserStep(Step):
    ACTIONS = ("goto", "click", "fill", "press", "select", "reload", "emulate", "screenshot")
    goto: str | None = None
    click: Target | None = None
    fill: TargetValue | None = None
    press: str | TargetKey | None = None
    select: TargetValue | None = None
    reload: Literal[True] | None = None
    emulate: Emulation | None = None
    screenshot: str | None = None
    expect_text: Regex | TargetMatches | None = None
    expect_visible: Target | None = None
    expect_hidden: Target | None = None
    expect_count: TargetCount | None = None
    expect_url: Regex | None = None
    expect_style: StyleMatches | None = None
    expect_console_clean: Literal[True] | None = None
    expect_no_failed_requests: Literal[True] | None = None


class TerminalStep(Step):
    ACTIONS = ("spawn", "type", "press", "resize")
    spawn: str | None = None
    size: Size = (80, 24)
    type: str | None = None
    press: str | None = None
    resize: Size | None = None
    expect_screen: Regex | None = None
    expect_exit: int | None = None
