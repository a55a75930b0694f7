"""Domain values that tests start from; every builder takes the fields a test is about."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from overread.domain.adjudication import Case, Grade, Read, Stage
from overread.domain.corrections import Correction, Kind, Verdict
from overread.domain.datasets import Split
from overread.domain.drift import Attribution, Cause, DriftMeasure, DriftVerdict
from overread.domain.findings import Box, Finding, Label
from overread.domain.identifiers import (
    Digest,
    FindingCode,
    PatientKey,
    PersonKey,
    Site,
    SopInstanceUid,
    StudyUid,
    VersionKey,
)
from overread.domain.labels import StudyLabel
from overread.domain.models import Lineage, ModelState, ModelVersion
from overread.domain.people import Person, Role
from overread.domain.predictions import Prediction
from overread.domain.promotion import Decision, PromotionRequest, Review
from overread.domain.reader_studies import (
    Arm,
    CrossoverCase,
    CrossoverName,
    CrossoverRead,
    CrossoverStudy,
    ReaderSequence,
)
from overread.domain.reports import Report, ReportStatus
from overread.domain.screening import Outcome, RuleOutcome, Screening
from overread.domain.shadows import Shadow, ShadowAnswer
from overread.domain.studies import Acquisition, Instance, Patient, Study, StudyState
from overread.store.unit_of_work import UnitOfWork
from overread.studies.intake import Arrival

NOW = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
RULES = ("R01", "R02", "R03", "R04", "R05", "R06", "R07", "R08")


def uid(number: int = 1) -> StudyUid:
    return StudyUid(f"1.2.826.0.{number}")


def a_digest(letter: str = "a") -> Digest:
    return Digest(letter * 64)


def a_screening(**outcomes: Outcome) -> Screening:
    """Return a screening in which every rule of the cohort passes but those named (R05=Outcome.FAIL)."""
    stated = dict.fromkeys(RULES, Outcome.PASS) | outcomes
    return Screening(outcomes=tuple(RuleOutcome(code=code, outcome=stated[code]) for code in sorted(stated)))


def a_patient(key: str = "patient-1", **changes: Any) -> Patient:
    patient = Patient(key=PatientKey(key), id="7", name="Li^Na", birth_date=date(1970, 1, 2), sex="F")
    return replace(patient, **changes)


def a_study(number: int = 1, **changes: Any) -> Study:
    study = Study(
        uid=uid(number),
        site=Site("south"),
        patient=PatientKey("patient-1"),
        state=StudyState.PREDICTED,
        received_at=NOW,
        study_date=date(2026, 3, 1),
        acquisition=Acquisition(manufacturer="A", rows=2000, columns=1800),
        label=Label.NO_FINDING,
        probability=0.2,
    ).screened(a_screening())
    return replace(study, **changes)


def an_instance(number: int = 1, **changes: Any) -> Instance:
    instance = Instance(
        sop_uid=SopInstanceUid(f"1.2.826.1.{number}"),
        study=uid(number),
        digest=a_digest(),
        received_at=NOW,
        rows=2000,
        columns=1800,
        sent_by="dora",
    )
    return replace(instance, **changes)


def an_arrival(number: int = 1, **changes: Any) -> Arrival:
    arrival = Arrival(
        sop_uid=SopInstanceUid(f"1.2.826.1.{number}"),
        study=uid(number),
        digest=a_digest(),
        site=Site("south"),
        patient_id="7",
        patient_name="Li^Na",
        sex="F",
        acquisition=Acquisition(manufacturer="A", rows=2000, columns=1800),
        sent_by="dora",
    )
    return replace(arrival, **changes)


def a_prediction(number: int = 1, *, probability: float = 0.2, **changes: Any) -> Prediction:
    prediction = Prediction(
        study=uid(number),
        model_version=VersionKey("1"),
        model_digest=a_digest("b"),
        probability=probability,
        threshold=0.5,
        label=Label.HAS_FINDING if probability >= 0.5 else Label.NO_FINDING,
        made_at=NOW,
        milliseconds=12.5,
    )
    return replace(prediction, **changes)


def a_finding(code: str = "nodule", *, box: tuple[float, float, float, float] | None = None) -> Finding:
    place = None if box is None else Box(x0=box[0], y0=box[1], x1=box[2], y1=box[3])
    return Finding(code=FindingCode(code), box=place)


def a_report(number: int = 1, **changes: Any) -> Report:
    report = Report(
        study=uid(number), version=1, status=ReportStatus.DRAFT, language="en", label=Label.NO_FINDING
    )
    return replace(report, **changes)


def a_correction(number: int = 1, *, by: str = "rita", **changes: Any) -> Correction:
    """Return a claim that the model missed something: it said no_finding."""
    stated: dict[str, Any] = {
        "id": f"correction-{number}-{by}",
        "study": uid(number),
        "by": PersonKey(by),
        "at": NOW,
        "verdict": Verdict.DISAGREE,
        "label": Label.HAS_FINDING,
        "model_version": VersionKey("1"),
        "model_digest": a_digest("b"),
        "model_label": Label.NO_FINDING,
        "kind": Kind.MISSED_FINDING,
    }
    return Correction(**stated | changes)


def an_agreement(number: int = 1, *, by: str = "rita", **changes: Any) -> Correction:
    stated = {
        "verdict": Verdict.AGREE,
        "label": Label.NO_FINDING,
        "kind": None,
        "id": f"agreed-{number}-{by}",
    }
    return a_correction(number, by=by, **stated | changes)


def a_case(number: int = 1, **changes: Any) -> Case:
    case = Case(id=f"case-{number:04}", study=uid(number), task="cxr-binary", opened_at=NOW)
    return replace(case, **changes)


def a_read(by: str = "remy", *, case: str = "case-0001", **changes: Any) -> Read:
    read = Read(
        id=f"read-{case}-{by}",
        case=case,
        by=PersonKey(by),
        at=NOW,
        stage=Stage.FIRST,
        label=Label.HAS_FINDING,
    )
    return replace(read, **changes)


def a_label(number: int = 1, **changes: Any) -> StudyLabel:
    label = StudyLabel(
        id=f"label-{number}",
        study=uid(number),
        label=Label.NO_FINDING,
        grade=Grade.REPORT,
        source="import:registered",
        at=NOW,
    )
    return replace(label, **changes)


def a_person(name: str = "remy", role: Role = Role.READER, **changes: Any) -> Person:
    return replace(Person(key=PersonKey(name), role=role), **changes)


def a_model(version: str = "1", **changes: Any) -> ModelVersion:
    model = ModelVersion(
        version=VersionKey(version),
        name="cxr-binary",
        architecture="resnet18",
        image_size=192,
        digest=a_digest("c"),
        threshold=0.5,
        state=ModelState.CANDIDATE,
        trained_at=NOW,
        lineage=Lineage(dataset_version="d1", parent=None, corrections=0, code="abc", run="run-1"),
    )
    return replace(model, **changes)


def a_verdict(*, passed: bool | None = True) -> DriftVerdict:
    measure = DriftMeasure(
        column="noise", method="ks", statistic=0.1, p_value=0.4, threshold=0.005, drifted=passed is False
    )
    return DriftVerdict(passed=passed, n_reference=500, n_current=200, level=0.025, measures=(measure,))


def an_attribution(**changes: Any) -> Attribution:
    found = Attribution(
        attribute="maker",
        cause=Cause.NEW,
        columns=("noise",),
        levels=("N",),
        n_current=38,
        n_reference=0,
        same_as=("station",),
    )
    return replace(found, **changes)


def a_request(version: str = "1", **changes: Any) -> PromotionRequest:
    request = PromotionRequest(
        version=VersionKey(version),
        requested_by=PersonKey("olga"),
        created_at=NOW,
        verdict="PROMOTE",
        drift=a_verdict(),
    )
    return replace(request, **changes)


def a_review(reviewer: str = "ruth", **changes: Any) -> Review:
    review = Review(
        id=f"review-{reviewer}",
        reviewer=PersonKey(reviewer),
        at=NOW,
        decision=Decision.APPROVE,
        reason="the comparison convinces",
    )
    return replace(review, **changes)


def a_shadow(**changes: Any) -> Shadow:
    """Return a registration of version 2 beside version 1 for ten studies."""
    stated: dict[str, Any] = {
        "id": "shadow-1",
        "task": "cxr-binary",
        "candidate": VersionKey("2"),
        "candidate_digest": a_digest("c"),
        "production": VersionKey("1"),
        "production_digest": a_digest("b"),
        "registered_by": PersonKey("olga"),
        "registered_at": NOW,
        "why": "does it hold on live studies",
        "policy": "cxr-binary",
        "margins": {"sensitivity": 0.03, "specificity": 0.05},
        "studies": 10,
    }
    return Shadow(**stated | changes)


def a_shadow_answer(number: int = 1, *, probability: float = 0.2, **changes: Any) -> ShadowAnswer:
    answer = ShadowAnswer(
        shadow="shadow-1",
        study=uid(number),
        made_at=NOW,
        probability=probability,
        threshold=0.5,
        label=Label.HAS_FINDING if probability >= 0.5 else Label.NO_FINDING,
    )
    return replace(answer, **changes)


def a_crossover(
    numbers: Sequence[int] = (1, 2, 3, 4), readers: Sequence[str] = ("remy", "rosa"), **changes: Any
) -> CrossoverStudy:
    """Return a reader study of these studies: odd ones show a finding, every reader begins unaided."""
    keys = tuple(f"case-key-{number:012}" for number in numbers)
    stated: dict[str, Any] = {
        "id": "reader-study-" + "0" * 12,
        "name": CrossoverName("pilot"),
        "task": "cxr-binary",
        "created_at": NOW,
        "created_by": PersonKey("olga"),
        "source": "test-set:t1",
        "model_version": VersionKey("1"),
        "model_digest": a_digest("c"),
        "threshold": 0.5,
        "washout_days": 14,
        "seed": 1,
        "maps": a_digest("d"),
        "cases": tuple(
            CrossoverCase(
                key=key,
                study=uid(number),
                truth=Label.HAS_FINDING if number % 2 else Label.NO_FINDING,
                probability=0.9 if number % 2 else 0.1,
            )
            for number, key in zip(numbers, keys, strict=True)
        ),
        "sequences": tuple(
            ReaderSequence(
                reader=PersonKey(name), arms=(Arm.UNAIDED, Arm.AIDED), orders=(keys, tuple(reversed(keys)))
            )
            for name in readers
        ),
    }
    return CrossoverStudy(**stated | changes)


def a_crossover_read(
    case: str, *, reader: str = "remy", arm: Arm = Arm.UNAIDED, **changes: Any
) -> CrossoverRead:
    read = CrossoverRead(
        id=f"{reader}-{arm}-{case}",
        reader_study="reader-study-" + "0" * 12,
        case=case,
        reader=PersonKey(reader),
        arm=arm,
        at=NOW,
        label=Label.HAS_FINDING,
        rating=80,
    )
    return replace(read, **changes)


def keep_study(work: UnitOfWork, study: Study | None = None, *, split: Split = Split.TRAIN) -> Study:
    """Keep a study and its patient."""
    study = study or a_study()
    work.studies.keep_patient(a_patient(study.patient), split)
    work.studies.add(study)
    return study


def keep_predicted(
    work: UnitOfWork,
    number: int = 1,
    *,
    probability: float = 0.2,
    split: Split = Split.TRAIN,
    **changes: Any,
) -> Study:
    """Keep a study of a patient of its own, with what `changes` say of it, and its answer."""
    label = Label.HAS_FINDING if probability >= 0.5 else Label.NO_FINDING
    patient = PatientKey(f"patient-{number}")
    study = a_study(number, patient=patient, label=label, probability=probability, **changes)
    keep_study(work, study, split=split)
    work.studies.add_prediction(a_prediction(number, probability=probability))
    return study
