"""Patients, priors, prevalence, mix and splits."""

from collections import Counter
from datetime import timedelta
from hashlib import sha256
from itertools import islice

import pytest

from overread.domain.findings import Label
from overread.domain.identifiers import FindingCode, PatientKey
from overread.simulation.population import (
    MIX,
    PASSING,
    Department,
    SimulatedStudy,
    cohort,
    patient,
    studies,
    studies_of,
)


@pytest.fixture(scope="module")
def many() -> list[SimulatedStudy]:
    return list(islice(studies(Department(seed=3)), 4000))


def by_hash(key: PatientKey) -> str:
    share = sha256(key.encode()).digest()[0] / 256
    return "train" if share < 0.7 else "tune" if share < 0.9 else "test"


def test_a_patient_is_the_same_whenever_asked_for_and_unlike_the_next() -> None:
    department = Department(seed=1)
    assert patient(department, 5) == patient(department, 5)
    assert patient(department, 5).key != patient(department, 6).key


def test_the_key_is_salted_by_the_department() -> None:
    assert patient(Department(seed=1), 5).key != patient(Department(seed=2), 5).key


def test_any_part_of_the_department_can_be_made_alone() -> None:
    department = Department(seed=1)
    alone = [study for number in range(10) for study in studies_of(department, number)]
    assert list(islice(studies(department), len(alone))) == alone


def test_half_of_all_studies_and_of_later_studies_have_a_finding(many: list[SimulatedStudy]) -> None:
    later = [study for study in many if study.prior]
    assert 0.47 < sum(study.label is Label.HAS_FINDING for study in many) / len(many) < 0.53
    assert 0.43 < sum(study.label is Label.HAS_FINDING for study in later) / len(later) < 0.57


def test_findings_come_in_the_mix_that_was_asked_for(many: list[SimulatedStudy]) -> None:
    first = Counter(study.findings[0].code for study in many if study.findings and not study.prior)
    for code, share in MIX.items():
        assert first[FindingCode(code)] / first.total() == pytest.approx(share, abs=0.03)


def test_about_one_in_five_has_a_second_and_different_finding(many: list[SimulatedStudy]) -> None:
    fresh = [study for study in many if study.findings and not study.prior]
    assert 0.14 < sum(len(study.findings) == 2 for study in fresh) / len(fresh) < 0.22
    assert all(len(study.codes) == len(study.findings) for study in many)


def test_patients_return_with_a_prior_and_with_what_lasts(many: list[SimulatedStudy]) -> None:
    known = {study.study_uid: study for study in many}
    returning = [study for study in many if study.prior]
    assert 0.12 < len(returning) / len(many) < 0.30
    for study in returning:
        before = known[study.prior] if study.prior else study
        assert before.patient == study.patient
        assert before.acquired_at < study.acquired_at
        assert before.codes - PASSING <= study.codes


def test_every_study_has_its_own_uid_and_an_adult(many: list[SimulatedStudy]) -> None:
    assert len({study.study_uid for study in many}) == len(many)
    assert all(18 <= study.age <= 95 for study in many)


def test_boxes_lie_inside_the_picture(many: list[SimulatedStudy]) -> None:
    assert all(finding.box.within(1, 1) for study in many for finding in study.findings)


def test_patients_arrive_in_order_at_the_wanted_rate() -> None:
    department = Department(seed=1, patients_per_day=20)
    first = [studies_of(department, number)[0].acquired_at for number in (0, 199)]
    assert timedelta(days=8.5) < first[1] - first[0] < timedelta(days=10.5)


def test_a_cohort_has_the_wanted_numbers_and_no_patient_in_two_splits() -> None:
    wanted = {"train": 60, "tune": 40, "test": 70}
    found = cohort(Department(seed=4), wanted, by_hash)
    assert {split: len(some) for split, some in found.items()} == wanted
    patients = {split: {study.patient.key for study in some} for split, some in found.items()}
    assert not patients["train"] & patients["test"]
    assert not patients["tune"] & patients["test"]
    assert all(by_hash(study.patient.key) == split for split, some in found.items() for study in some)


def test_a_cohort_is_in_the_order_of_acquisition() -> None:
    some = cohort(Department(seed=4), {"train": 50}, by_hash)["train"]
    assert [study.acquired_at for study in some] == sorted(study.acquired_at for study in some)


def test_a_finding_can_be_added_and_taken_away() -> None:
    study = studies_of(Department(seed=1), 0)[0].without_findings()
    assert study.label is Label.NO_FINDING
    with_one = study.with_finding("nodule", subtlety=0.1)
    assert with_one.codes == {"nodule"}
    assert with_one.without_findings() == study
