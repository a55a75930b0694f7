"""What a drift is attributed to, in sentences a reader understands."""

from dataclasses import replace

import pytest

from monitoring.explanations import explanations
from overread.domain.drift import Attribution, Cause, DriftMeasure, DriftVerdict
from overread.wording.catalogue import LANGUAGES, catalogue

COLUMNS = ("entropy", "noise", "mean", "component_3", "score")


def a_drift(*attributions: Attribution) -> DriftVerdict:
    measures = tuple(
        DriftMeasure(column=name, method="ks", statistic=0.3, p_value=0.0, threshold=0.001, drifted=True)
        for name in COLUMNS
    )
    return DriftVerdict(
        passed=False,
        n_reference=924,
        n_current=400,
        level=0.025,
        measures=measures,
        attributions=attributions,
    )


def found(cause: Cause = Cause.NEW, **changes: object) -> Attribution:
    one = Attribution(
        attribute="maker", cause=cause, columns=COLUMNS[:4], levels=("N",), n_current=38, n_reference=0
    )
    return replace(one, **changes)  # type: ignore[arg-type]  # a test's own changes


def test_a_new_maker_is_said_with_its_numbers_and_the_rest_is_not_left_out() -> None:
    said = explanations(catalogue("en"), a_drift(found(same_as=("station",))))
    assert said == [
        (
            "Entropy, Noise, Mean grey and 1 more: mostly in studies of maker N, which the reference hardly "
            "has (38 of 400 recent studies, 0 of 924 in the reference). Without them more than half of the "
            "difference is gone. The same studies by: station."
        ),
        "Score: nothing recorded of the studies accounts for it.",
    ]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("cause", Cause)
def test_every_cause_has_a_sentence_in_both_languages(language: str, cause: Cause) -> None:
    said, rest = explanations(catalogue(language), a_drift(found(cause)))
    assert said != rest
    assert "{" not in said


@pytest.mark.parametrize(("n", "words"), [(400, "All 400 recent studies"), (380, "the others are too few")])
def test_where_nothing_is_left_to_compare_it_says_so(n: int, words: str) -> None:
    (said,) = explanations(catalogue("en"), a_drift(found(columns=COLUMNS, n_current=n, shown=False)))
    assert words in said


def test_a_level_that_is_not_recorded_is_named_so() -> None:
    (said, _) = explanations(catalogue("en"), a_drift(found(Cause.LEVEL, levels=("",))))
    assert "maker not recorded" in said


def test_a_check_that_passed_is_attributed_to_nothing() -> None:
    assert explanations(catalogue("zh"), replace(a_drift(), measures=())) == []
