"""Findings, boxes, the vocabulary, and screening outcomes."""

import pytest

from overread.domain.errors import InputError
from overread.domain.findings import Box, Label, Vocabulary, VocabularyRow, require_consistent
from overread.domain.identifiers import FindingCode
from overread.domain.screening import Outcome, RuleOutcome, Screening
from overread.domain.studies import Acquisition
from tests.builders import RULES, a_finding, a_screening, a_study

NAN = float("nan")


@pytest.mark.parametrize(
    "corners", [(5, 1, 5, 9), (9, 1, 5, 9), (-1, 1, 5, 9), (NAN, 1, 5, 9), (1, 1, 5, NAN), (1, 1, 5, 1e9)]
)
def test_an_empty_turned_or_undefined_box_is_refused(corners: tuple[float, float, float, float]) -> None:
    x0, y0, x1, y1 = corners
    with pytest.raises(InputError):
        Box(x0=x0, y0=y0, x1=x1, y1=y1)


def test_a_box_may_touch_the_border_of_its_picture_and_not_pass_it() -> None:
    box = Box(x0=0, y0=0, x1=1800, y1=2000)
    assert box.within(2000, 1800)
    assert not box.within(1999, 1800)
    assert not box.within(2000, 1799)
    assert box.corners == (0, 0, 1800, 2000)


def test_a_box_outside_the_picture_is_refused_where_its_size_is_known() -> None:
    outside = [a_finding(box=(0, 0, 1801, 10))]
    with pytest.raises(InputError, match="1800 by 2000"):
        Acquisition(rows=2000, columns=1800).require_inside(outside)
    Acquisition().require_inside(outside)
    Acquisition(rows=2000, columns=1800).require_inside([a_finding(), a_finding(box=(0, 0, 1800, 10))])


def test_no_finding_goes_with_no_findings() -> None:
    require_consistent(Label.NO_FINDING, ())
    require_consistent(Label.HAS_FINDING, ())
    require_consistent(Label.HAS_FINDING, (a_finding(),))
    with pytest.raises(InputError):
        require_consistent(Label.NO_FINDING, (a_finding(),))


def test_a_vocabulary_knows_its_codes_and_no_others() -> None:
    row = VocabularyRow(code=FindingCode("nodule"), zh="结节", en="nodule")
    vocabulary = Vocabulary(rows=(row,))
    assert vocabulary.row("nodule") is row
    assert vocabulary.codes == ("nodule",)
    vocabulary.check([a_finding("nodule")])
    with pytest.raises(InputError, match="'mass'"):
        vocabulary.check([a_finding("mass")])
    with pytest.raises(InputError, match="twice"):
        Vocabulary(rows=(row, row))


def test_the_usual_findings_are_the_slight_ones_then_others_and_as_many_as_digits() -> None:
    rows = tuple(
        VocabularyRow(code=FindingCode(f"f{n}"), zh=f"{n}", en=f"{n}", slight=n in {3, 7}) for n in range(10)
    )
    assert [row.code for row in Vocabulary(rows=rows).usual] == [
        "f3",
        "f7",
        "f0",
        "f1",
        "f2",
        "f4",
        "f5",
        "f6",
    ]


@pytest.mark.parametrize("rule", ["R01", "R02", "R03", "R04", "R05", "R06", "R09", "R10", "R11"])
def test_only_a_fail_of_a_reading_rule_keeps_the_model_from_a_study(rule: str) -> None:
    assert a_screening(**{rule: Outcome.FAIL}).reasons
    assert not a_screening(**{rule: Outcome.UNKNOWN}).reasons


@pytest.mark.parametrize("rule", ["R07", "R08", "R12"])
def test_a_fail_of_another_rule_does_not(rule: str) -> None:
    assert not a_screening(**{rule: Outcome.FAIL}).reasons


@pytest.mark.parametrize("rule", RULES)
def test_a_fail_or_an_unknown_in_the_first_eight_keeps_a_study_out_of_the_cohort(rule: str) -> None:
    for outcome in (Outcome.FAIL, Outcome.UNKNOWN):
        assert [o.code for o in a_screening(**{rule: outcome}).cohort_reasons] == [rule]
    assert a_screening(**{rule: Outcome.DECLARED}).cohort_reasons == ()


@pytest.mark.parametrize("rule", ["R09", "R10", "R11", "R12"])
def test_the_quality_rules_count_only_where_answered(rule: str) -> None:
    assert a_screening(**{rule: Outcome.FAIL}).cohort_reasons
    assert not a_screening(**{rule: Outcome.UNKNOWN}).cohort_reasons


def test_a_rule_that_was_never_run_is_unknown() -> None:
    assert [o.code for o in Screening(outcomes=()).cohort_reasons] == list(RULES)
    assert not a_study().screened(Screening(outcomes=())).cohort


def test_a_declaration_answers_only_what_is_unknown() -> None:
    screening = a_screening(R05=Outcome.UNKNOWN, R04=Outcome.FAIL)
    declared = screening.declaring({"R04": "stated", "R05": "stated"})
    assert [o.code for o in declared.cohort_reasons] == ["R04"]
    assert [o.outcome for o in declared.outcomes if o.code == "R05"] == [Outcome.DECLARED]
    assert [o.code for o in screening.unknown] == ["R05"]


def test_an_answer_replaces_the_outcome_of_its_rule() -> None:
    answered = a_screening(R06=Outcome.UNKNOWN).with_outcome(
        RuleOutcome(code="R06_IMAGE_COUNT", outcome=Outcome.FAIL)
    )
    assert [o.code for o in answered.outcomes if o.rule == "R06"] == ["R06_IMAGE_COUNT"]


def test_a_study_keeps_every_outcome() -> None:
    screening = a_screening(R05=Outcome.FAIL)
    assert a_study().screened(screening).screening == screening
