from collections import Counter
from pathlib import Path

import pytest

from benchmarks.validation.samples import Sample, load_samples
from mission_tui.domain.weakened import candidates

SAMPLES = {sample.name: sample for sample in load_samples()}


@pytest.mark.parametrize("name", SAMPLES)
def test_every_seeded_defect_fits_its_sample_and_changes_it(tmp_path: Path, name: str):
    sample = SAMPLES[name]
    for defect in sample.defects:
        diff = sample.make(tmp_path / defect.id / "tree", defect)
        assert diff.startswith("diff --git"), defect.id
        if defect.kind == "deleted test":
            assert list(candidates(diff)), defect.id


def test_there_are_samples_of_each_kind_with_25_defects_each():
    assert {by for s in SAMPLES.values() for by in _proofs(s)} == {"http", "browser", "terminal", "command"}
    assert all(len(s.defects) >= 25 for s in SAMPLES.values())
    assert min(Counter(d.kind for s in SAMPLES.values() for d in s.defects).values()) >= 3


def _proofs(sample: Sample) -> set[str]:
    return {assertion.proof.by for assertion in sample.plan.contract}
