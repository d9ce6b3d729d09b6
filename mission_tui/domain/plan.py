"""The plan: milestones, features and the services manifest."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from mission_tui.domain.base import Frozen
from mission_tui.domain.contract import Assertion
from mission_tui.domain.secrets import SecretName

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
FeatureOrigin = Literal["plan", "fix", "rescope"]


class Milestone(Frozen):
    """A group of features that ends in validation."""

    id: Name
    title: str = Field(min_length=1)


class Feature(Frozen):
    """One worker's job."""

    id: Name
    title: str = Field(min_length=1)
    milestone: Name
    spec: str = Field(min_length=1)
    skill: str | None = None
    fulfills: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    """Features that must be completed before this one."""
    fixes: tuple[str, ...] = ()
    """Tests, or checks, that fail on the base and that this feature promises to make pass."""
    enabling: str | None = None
    """Why a feature that fulfils no assertion is needed all the same."""


class Ready(Frozen):
    """When an app counts as started: exactly one of a path that answers below 500, or a pattern in its log."""

    http: str | None = None
    log: str | None = None

    @model_validator(mode="after")
    def _one_condition(self) -> "Ready":
        if (self.http is None) == (self.log is None):
            raise ValueError("give exactly one of `http` and `log`")
        return self


class App(Frozen):
    """How the product is launched. `start` finds its port in $PORT."""

    start: str = Field(min_length=1)
    ready: Ready | None = None
    """Absent: ready once something listens on $PORT."""
    ready_timeout_s: float = Field(default=30, gt=0, le=600)
    stop_timeout_s: float = Field(default=5, gt=0, le=120)
    isolation: Literal["assertion", "milestone"] = "assertion"
    env: dict[str, str] = Field(default_factory=dict)


class Services(Frozen):
    """The services manifest: how the repository is set up, checked and launched."""

    setup: tuple[str, ...] = ()
    checks: dict[str, str] = Field(default_factory=dict)
    """Name to shell line; compared test by test where the runner tells."""
    app: App | None = None
    secrets: tuple[SecretName, ...] = ()
    """Names of variables of the host's environment that the app, the proofs and the user tester are given."""
    setup_timeout_s: float = Field(default=1800, gt=0)
    check_timeout_s: float = Field(default=1800, gt=0)


class PlanDraft(Frozen):
    """A plan file, or what an orchestrator has written so far."""

    title: str = Field(min_length=1, max_length=120)
    contract: tuple[Assertion, ...] = ()
    milestones: tuple[Milestone, ...] = ()
    features: tuple[Feature, ...] = ()
    services: Services = Services()
