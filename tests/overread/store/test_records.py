"""Domain values to columns and back: instants in UTC, nothing lost, no undefined number kept."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy.exc import StatementError

from overread.domain.datasets import Split
from overread.domain.findings import Label, Severity, Side, Zone
from overread.domain.identifiers import FindingCode, PatientKey
from overread.domain.studies import Reason, StudyState
from overread.store.records import parsed, plain
from overread.store.unit_of_work import UnitOfWork
from tests.builders import (
    NOW,
    a_finding,
    a_model,
    a_prediction,
    a_study,
    a_verdict,
    keep_study,
    uid,
)


def test_a_study_comes_back_as_it_was(work: UnitOfWork) -> None:
    study = a_study(reasons=(Reason(code="R05_AGE", text="a child"),), fingerprint=b"\x00\xff")
    keep_study(work, study)
    assert work.studies.get(study.uid) == study


def test_a_prediction_comes_back_as_it_was(work: UnitOfWork) -> None:
    keep_study(work)
    prediction = a_prediction(
        probability=0.1 + 0.2, by_finding={"nodule": 1e-7, "mass": 0.3}, embedding=(0.1, -2.5)
    )
    work.studies.add_prediction(prediction)
    assert work.studies.prediction(uid()) == prediction


def test_instants_are_kept_in_utc_whatever_zone_they_came_in(work: UnitOfWork) -> None:
    beijing = datetime(2026, 3, 2, 16, 30, 0, 123456, tzinfo=timezone(timedelta(hours=8)))
    keep_study(work, a_study(received_at=beijing))
    kept = work.studies.get(uid()).received_at
    assert kept == beijing
    assert (kept.utcoffset(), kept.hour, kept.microsecond) == (timedelta(0), 8, 123456)


def test_an_instant_without_a_zone_is_refused(work: UnitOfWork) -> None:
    with pytest.raises((ValueError, StatementError), match="time zone"):
        keep_study(work, a_study(received_at=datetime(2026, 3, 2, 8, 30)))  # noqa: DTZ001 - the fault tested


def test_an_undefined_number_is_kept_as_nothing(work: UnitOfWork) -> None:
    work.models.add(a_model(metrics={"auc": float("nan"), "loss": float("inf"), "sensitivity": 0.9}))
    assert work.models.get("1").metrics == {"auc": None, "loss": None, "sensitivity": 0.9}


def test_plain_values_are_json_and_lead_back() -> None:
    finding = a_finding("nodule", box=(1, 2, 3, 4.5))
    assert plain(finding) == {
        "code": "nodule",
        "box": {"x0": 1, "y0": 2, "x1": 3, "y1": 4.5},
        "side": None,
        "zone": None,
        "severity": None,
    }
    assert parsed(type(finding), plain(finding)) == finding
    verdict = a_verdict(passed=None)
    assert parsed(type(verdict), plain(verdict)) == verdict


def test_closed_sets_and_keys_come_back_as_their_own_types(work: UnitOfWork) -> None:
    keep_study(work, a_study(), split=Split.TUNE)
    study = work.studies.get(uid())
    assert isinstance(study.state, StudyState)
    assert isinstance(study.label, Label)
    assert isinstance(study.patient, PatientKey)
    assert work.studies.split(study.patient) is Split.TUNE
    assert NOW.tzinfo is UTC


def test_every_part_of_a_finding_is_kept() -> None:
    stated = {"code": "nodule", "side": "left", "zone": "apex", "severity": "relevant"}
    finding = parsed(type(a_finding()), stated)
    assert (finding.code, finding.side, finding.zone, finding.severity, finding.box) == (
        FindingCode("nodule"),
        Side.LEFT,
        Zone.APEX,
        Severity.RELEVANT,
        None,
    )
