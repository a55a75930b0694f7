"""Studies, patients, instances, predictions and reports as rows."""

from dataclasses import replace
from datetime import timedelta

import pytest

from overread.domain.datasets import Split
from overread.domain.errors import NotFoundError
from overread.domain.findings import Label
from overread.domain.identifiers import PatientKey, PersonKey, VersionKey
from overread.domain.reports import Addendum, ReportStatus
from overread.domain.studies import StudyState
from overread.store.studies import Filter
from overread.store.unit_of_work import UnitOfWork
from tests.builders import (
    NOW,
    a_digest,
    a_patient,
    a_prediction,
    a_report,
    a_study,
    an_instance,
    keep_predicted,
    keep_study,
    uid,
)

MINUTE = timedelta(minutes=1)


def test_a_patients_split_stays_for_ever(work: UnitOfWork) -> None:
    assert work.studies.keep_patient(a_patient(), Split.TEST) is Split.TEST
    assert work.studies.keep_patient(a_patient(), Split.TRAIN) is Split.TEST
    assert work.studies.splits() == {PatientKey("patient-1"): Split.TEST}


def test_an_unknown_study_is_none_to_find_and_an_error_to_get(work: UnitOfWork) -> None:
    assert work.studies.find(uid()) is None
    with pytest.raises(NotFoundError):
        work.studies.get(uid())


def test_a_study_changes_by_being_saved(work: UnitOfWork) -> None:
    study = keep_study(work)
    work.studies.save(replace(study, state=StudyState.REPORTED))
    assert work.studies.get(study.uid).state is StudyState.REPORTED
    assert work.studies.count_by_state() == {"reported": 1}
    assert work.studies.count_in({StudyState.REPORTED, StudyState.RECEIVED}) == 1
    assert work.studies.count_in({StudyState.RECEIVED}) == 0


def test_the_list_is_the_latest_first_in_pages_that_neither_hide_nor_repeat(work: UnitOfWork) -> None:
    for number in range(7):  # three pairs arrive in one instant
        keep_study(work, a_study(number, received_at=NOW + MINUTE * (number // 2)))
    seen: list[str] = []
    after = None
    while page := work.studies.page(Filter(), after=after, limit=3):
        seen += [study.uid for study, _ in page]
        after = (page[-1][0].received_at, page[-1][0].uid)
        keep_study(work, a_study(100 + len(seen), received_at=NOW + MINUTE * 9))  # meanwhile one arrives
    assert seen == [uid(number) for number in (6, 5, 4, 3, 2, 1, 0)]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Filter(state=StudyState.EXCLUDED), [2]),
        (Filter(label=Label.HAS_FINDING), [3]),
        (Filter(text="Wu"), [2]),
        (Filter(text="W_"), []),
        (Filter(text="W%"), []),
        (Filter(text="100%"), [3]),
        (Filter(text=uid(1)), [1]),
        (Filter(since=NOW + 2 * MINUTE), [3]),
        (Filter(sent_by="dora"), [1]),
    ],
)
def test_the_list_is_narrowed(work: UnitOfWork, wanted: Filter, found: list[int]) -> None:
    names = {1: ("Li^Na", "7"), 2: ("Wu^Wei", "8"), 3: ("Zhao^Yi", "100%-9")}
    for number, (name, number_of_patient) in names.items():
        key = PatientKey(f"patient-{number}")
        work.studies.keep_patient(a_patient(key, name=name, id=number_of_patient), Split.TRAIN)
        study = a_study(number, patient=key, received_at=NOW + MINUTE * (number - 1))
        if number == 2:
            study = replace(study, state=StudyState.EXCLUDED, label=None)
        if number == 3:
            study = replace(study, label=Label.HAS_FINDING)
        work.studies.add(study)
    work.studies.add_instance(an_instance(1))
    work.studies.add_instance(an_instance(2, sent_by="dirk"))
    page = work.studies.page(wanted, after=None, limit=50)
    assert [study.uid for study, _ in page] == [uid(number) for number in found]


def test_the_first_answer_is_the_one_readers_saw(work: UnitOfWork) -> None:
    keep_predicted(work, 1)
    keep_predicted(work, 2, probability=0.9)
    keep_study(work, a_study(3))
    later = a_prediction(1, probability=0.8, model_version=VersionKey("2"), made_at=NOW + MINUTE)
    work.studies.add_prediction(later)
    first = work.studies.prediction(uid(1))
    assert first is not None
    assert first.model_version == "1"
    assert work.studies.prediction(uid(1), VersionKey("2")) == later
    assert work.studies.prediction(uid(3)) is None
    assert [given.model_version for given in work.studies.predictions_since(NOW + MINUTE)] == ["2"]


def test_instances_come_in_the_order_of_their_arrival(work: UnitOfWork) -> None:
    keep_study(work)
    late = an_instance(1, received_at=NOW + MINUTE, study=uid(1))
    early = an_instance(2, study=uid(1))
    work.studies.add_instance(late)
    work.studies.add_instance(early)
    assert work.studies.instances_of(uid(1)) == [early, late]
    assert work.studies.first_instances([uid(1), uid(9)]) == {uid(1): early}
    assert work.studies.instance(late.sop_uid) == late


def test_the_latest_version_of_a_report_counts(work: UnitOfWork) -> None:
    keep_study(work)
    assert work.reports.latest(uid()) is None
    draft = a_report()
    signed = draft.edited(draft, by=PersonKey("rita")).signed(by=PersonKey("rita"), at=NOW)
    work.reports.add(draft)
    work.reports.add(signed)
    assert work.reports.latest(uid()) == signed
    added = signed.with_addendum(Addendum(text="seen again", by=PersonKey("rita"), at=NOW))
    work.reports.save(added)
    latest = work.reports.latest(uid())
    assert latest == added
    assert latest.status is ReportStatus.SIGNED


def test_bytes_are_held_by_every_study_of_which_they_are_an_object_or_a_map(work: UnitOfWork) -> None:
    for number in (1, 2, 3):
        keep_predicted(work, number)
    work.studies.add_instance(an_instance(1, digest=a_digest("c")))
    for version, heatmap in (("2", a_digest("c")), ("3", a_digest("d"))):
        answer = a_prediction(2, probability=0.9, model_version=VersionKey(version), heatmap=heatmap)
        work.studies.add_prediction(answer)
    assert [study.uid for study in work.studies.holding(a_digest("c"))] == [uid(1), uid(2)]
    assert work.studies.holding(a_digest("e")) == []
    assert sorted(work.studies.heatmaps_of(uid(2))) == [a_digest("c"), a_digest("d")]
    assert work.studies.heatmaps_of(uid(1)) == []
