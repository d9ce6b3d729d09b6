"""The sample applications: a product, its plan with the contract, and defects described by small edits."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict

from mission_tui.content.planfile import load_plan
from mission_tui.domain.plan import PlanDraft

FOLDER = Path(__file__).parent / "samples"
Kind = Literal[
    "logic", "persistence", "layout", "console error", "wrong status", "race", "accessibility", "regression",
    "deleted test",
]  # fmt: skip
_FORM = ConfigDict(frozen=True, extra="forbid")


class Edit(BaseModel):
    """One replacement; `old` occurs exactly once in the file."""

    model_config = _FORM
    file: str
    old: str
    new: str


class Defect(BaseModel):
    """One thing that a worker may get wrong."""

    model_config = _FORM
    id: str
    kind: Kind
    title: str
    edits: tuple[Edit, ...] = ()
    delete: tuple[str, ...] = ()

    def apply(self, tree: Path) -> None:
        """Raises ValueError when an edit does not fit the product any more."""
        for edit in self.edits:
            text = (tree / edit.file).read_text()
            if text.count(edit.old) != 1:
                raise ValueError(f"{self.id}: {edit.old!r} occurs {text.count(edit.old)} times in {edit.file}")
            (tree / edit.file).write_text(text.replace(edit.old, edit.new))
        for name in self.delete:
            (tree / name).unlink()


class Sample(BaseModel):
    """One application."""

    model_config = _FORM
    name: str
    plan: PlanDraft
    defects: tuple[Defect, ...]

    @property
    def product(self) -> Path:
        return FOLDER / self.name / "product"

    def make(self, tree: Path, defect: Defect | None) -> str:
        """Write the product, with the defect in it, and return the diff that a reviewer would be given."""
        shutil.copytree(self.product, tree, ignore=shutil.ignore_patterns("__pycache__"))
        if defect is None:
            return ""
        before = tree.parent / "a"
        shutil.copytree(tree, before)
        defect.apply(tree)
        after = tree.parent / "b"
        shutil.copytree(tree, after)
        command = ["git", "diff", "--no-index", "--no-prefix", "a", "b"]
        return subprocess.run(command, cwd=tree.parent, capture_output=True, text=True, check=False).stdout


def load_samples(names: tuple[str, ...] = ()) -> Iterator[Sample]:
    """All samples, or those named."""
    for folder in sorted(FOLDER.iterdir()):
        if not names or folder.name in names:
            defects = yaml.safe_load((folder / "defects.yaml").read_text())
            yield Sample.model_validate(
                {"name": folder.name, "plan": load_plan(folder / "plan.yaml"), "defects": defects}
            )
