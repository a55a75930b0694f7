"""Corrections, predictions and reports cannot be held wrong."""

from datetime import timedelta
from typing import Any

import pytest

from overread.domain.corrections import LONGEST_COMMENT, Kind, Verdict, contradicts, standing
from overread.domain.errors import ConflictError, InputError
from overread.domain.findings import Label
from overread.domain.identifiers import PersonKey
from overread.domain.predictions import OperatingPoint
from overread.domain.reports import Addendum, AlreadySignedError, ReportStatus
from tests.builders import NOW, a_correction, a_digest, a_finding, a_prediction, a_report, an_agreement

NAN = float("nan")
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    "stated",
    [
        {"verdict": Verdict.AGREE, "label": Label.HAS_FINDING, "kind": None},
        {"label": Label.NO_FINDING, "kind": None},
        {"label": Label.NO_FINDING, "kind": Kind.FALSE_ALARM},
        {"label": Label.NO_FINDING, "kind": Kind.BAD_IMAGE, "findings": (a_finding(),)},
        {"comment": "x" * (LONGEST_COMMENT + 1)},
    ],
)
def test_words_that_contradict_themselves_are_refused(stated: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        a_correction(**stated)


@pytest.mark.parametrize("kind", [Kind.WRONG_REGION, Kind.BAD_IMAGE])
def test_one_may_disagree_with_the_picture_and_keep_the_label(kind: Kind) -> None:
    assert a_correction(label=Label.NO_FINDING, kind=kind).disagrees


def test_a_correction_can_be_taken_back_for_a_minute() -> None:
    assert a_correction().undo_until - NOW == timedelta(seconds=60)


def test_the_latest_word_of_each_person_counts() -> None:
    words = [
        a_correction(by="rita"),
        a_correction(by="remy", id="taken-back", withdrawn_at=NOW),
        an_agreement(by="rosa"),
        an_agreement(by="rita", at=NOW + SECOND),
        a_correction(by="rosa", at=NOW + SECOND),
        a_correction(by="rosa", at=NOW + 2 * SECOND, id="taken-back-too", withdrawn_at=NOW + 3 * SECOND),
    ]
    assert [(word.by, word.verdict) for word in standing(words)] == [
        ("rita", Verdict.AGREE),
        ("rosa", Verdict.DISAGREE),
    ]


def test_a_report_contradicts_an_answer_of_the_other_class() -> None:
    assert contradicts(a_prediction(probability=0.2), Label.HAS_FINDING)
    assert not contradicts(a_prediction(probability=0.2), Label.NO_FINDING)


@pytest.mark.parametrize(
    "stated",
    [
        {"probability": 1.2},
        {"probability": NAN},
        {"threshold": NAN},
        {"threshold": 1.5},
        {"label": Label.HAS_FINDING},
        {"heatmap": a_digest()},
    ],
)
def test_an_answer_that_contradicts_itself_is_refused(stated: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        a_prediction(**stated)


def test_a_score_at_the_threshold_counts_as_a_finding() -> None:
    point = OperatingPoint(threshold=0.5)
    assert (point.label(0.5), point.label(0.4999)) == (Label.HAS_FINDING, Label.NO_FINDING)
    assert a_prediction(probability=0.5).label is Label.HAS_FINDING
    with pytest.raises(InputError):
        OperatingPoint(threshold=NAN)


def test_a_signed_report_takes_addenda_only() -> None:
    rita = PersonKey("rita")
    draft = a_report()
    edited = draft.edited(a_report(label=Label.HAS_FINDING), by=rita)
    assert (edited.version, edited.label, edited.edited_by) == (2, Label.HAS_FINDING, "rita")
    signed = edited.signed(by=rita, at=NOW)
    assert (signed.status, signed.signed_by, signed.signed_at) == (ReportStatus.SIGNED, "rita", NOW)
    with pytest.raises(AlreadySignedError):
        signed.edited(draft, by=rita)
    with pytest.raises(AlreadySignedError):
        signed.signed(by=rita, at=NOW)
    addendum = Addendum(text="more", by=rita, at=NOW)
    with pytest.raises(ConflictError):
        draft.with_addendum(addendum)
    assert signed.with_addendum(addendum).addenda == (addendum,)


def test_the_etag_changes_whenever_the_report_does() -> None:
    rita = PersonKey("rita")
    draft = a_report()
    edited = draft.edited(draft, by=rita)
    signed = edited.signed(by=rita, at=NOW)
    added = signed.with_addendum(Addendum(text="more", by=rita, at=NOW))
    assert len({report.etag for report in (draft, edited, signed, added)}) == 4
    assert draft.etag == a_report().etag
