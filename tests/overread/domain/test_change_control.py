"""Clauses, kinds of update, and what limits say."""

from dataclasses import replace

import pytest

from overread.domain.change_control import (
    CLAUSES,
    PlanPart,
    Shift,
    UpdateKind,
    changed_features,
    shift,
    update_kind,
)
from overread.domain.models import ModelVersion
from overread.domain.promotion import OutsideProtocolError
from tests.builders import a_model


def test_each_part_of_the_plan_has_a_clause_and_each_clause_one_name() -> None:
    assert {clause.part for clause in CLAUSES} == set(PlanPart)
    assert [clause.id for clause in CLAUSES] == [f"PCCP-{number}" for number in range(1, len(CLAUSES) + 1)]
    assert "clause PCCP-2" in str(OutsideProtocolError())


OUTSIDE = replace(a_model("2"), lineage=replace(a_model("2").lineage, within_protocol=False))


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        (a_model("2", threshold=0.7), UpdateKind.DATA_DRIVEN),
        (a_model("2", architecture="resnet152"), UpdateKind.ALGORITHM_DRIVEN),
        (a_model("2", image_size=512), UpdateKind.ALGORITHM_DRIVEN),
        (a_model("2", findings=("nodule",)), UpdateKind.ALGORITHM_DRIVEN),
        (OUTSIDE, UpdateKind.ALGORITHM_DRIVEN),
    ],
)
def test_a_retraining_on_more_data_is_data_driven_and_anything_else_is_not(
    model: ModelVersion, kind: UpdateKind
) -> None:
    assert update_kind(model, a_model("1")) is kind


def test_a_first_version_is_neither_and_what_changed_is_named() -> None:
    assert update_kind(a_model("1"), None) is UpdateKind.FIRST
    changed = changed_features(a_model("2", image_size=512, architecture="vgg16"), a_model("1"))
    assert changed == ("architecture", "image_size")


@pytest.mark.parametrize(
    ("lower", "upper", "said"),
    [
        (0.01, 0.05, Shift.BETTER),
        (-0.05, -0.01, Shift.WORSE),
        (-0.01, 0.05, Shift.NONE_SHOWN),
        (0.0, 0.05, Shift.NONE_SHOWN),
        (None, None, None),
    ],
)
def test_significant_is_what_leaves_out_zero(
    lower: float | None, upper: float | None, said: Shift | None
) -> None:
    assert shift({"lower": lower, "upper": upper}) is said
