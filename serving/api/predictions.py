"""The model's answer on the wire, and who may see it when."""

from collections.abc import Sequence
from dataclasses import replace

from overread.domain.errors import ForbiddenError, NotFoundError, RuleError
from overread.domain.findings import Label
from overread.domain.identifiers import PersonKey, StudyUid, VersionKey
from overread.domain.own_calls import AnswerOrder, OwnCallFirstError
from overread.domain.people import MAY, Permission, Person
from overread.domain.predictions import Prediction
from overread.domain.studies import Instance, Study, StudyState
from overread.store.studies import Filter
from overread.store.unit_of_work import UnitOfWork
from serving.api.shapes import Answer, Instant, ModelNamed
from serving.wiring import Web


class BlindedError(ForbiddenError):
    """Whoever reads a study's case, or has yet to, does not see what was said of it."""

    code = "blinded"

    def __init__(self) -> None:
        super().__init__("you are reading this study's case; its answer is hidden until you have")


class ExcludedError(RuleError):
    """The model must not read this study; `reasons` say why."""

    code = "excluded"

    def __init__(self, study: Study) -> None:
        super().__init__("the model does not read this study: " + "; ".join(r.text for r in study.reasons))
        self.members = {"reasons": [{"code": r.code, "text": r.text} for r in study.reasons]}


class ReasonAnswer(Answer):
    """Why a study was set aside."""

    code: str
    text: str


class PredictionAnswer(Answer):
    """What a model answered."""

    probability: float
    threshold: float
    label: Label
    model: ModelNamed
    heatmap: str | None
    made_at: Instant
    milliseconds: float


class Links(Answer):
    """Where to go on."""

    study: str
    prediction: str
    report: str
    page: str


class InstanceAnswer(Answer):
    """What became of one sent object."""

    study_instance_uid: str
    sop_instance_uid: str
    state: StudyState
    reasons: list[ReasonAnswer]
    prediction: PredictionAnswer | None
    links: Links


def address(uid: StudyUid) -> str:
    """Return a study's address."""
    return f"/api/v1/studies/{uid}"


def prediction_answer(work: UnitOfWork, prediction: Prediction) -> PredictionAnswer:
    """Return the wire's shape of an answer."""
    model = work.models.get(prediction.model_version)
    heatmap = None if prediction.heatmap is None else f"{address(prediction.study)}/heatmap.png"
    return PredictionAnswer(
        probability=prediction.probability,
        threshold=prediction.threshold,
        label=prediction.label,
        model=ModelNamed(name=model.name, version=model.version, digest=prediction.model_digest),
        heatmap=heatmap,
        made_at=prediction.made_at,
        milliseconds=prediction.milliseconds,
    )


def reasons_of(study: Study) -> list[ReasonAnswer]:
    """Return why a study was set aside."""
    return [ReasonAnswer(code=reason.code, text=reason.text) for reason in study.reasons]


def instance_answer(work: UnitOfWork, study: Study, instance: Instance) -> InstanceAnswer:
    """Return what became of one sent object."""
    prediction = work.studies.answer(study.uid)
    there = address(study.uid)
    return InstanceAnswer(
        study_instance_uid=study.uid,
        sop_instance_uid=instance.sop_uid,
        state=study.state,
        reasons=reasons_of(study),
        prediction=None if prediction is None else prediction_answer(work, prediction),
        links=Links(
            study=there,
            prediction=f"{there}/prediction",
            report=f"{there}/report",
            page=f"/studies/{study.uid}",
        ),
    )


def seen_by(work: UnitOfWork, person: Person, uid: StudyUid) -> Study:
    """Return a study that this person may know of; a program knows what it sent.

    Raises
    ------
    NotFoundError
        There is no such study, or not for this person.
    """
    study = work.studies.get(uid)
    if not person.may(Permission.SEE_PREDICTIONS) and not any(
        instance.sent_by == person.key for instance in work.studies.instances_of(uid)
    ):
        raise NotFoundError("no study with this UID has been received")
    return study


def blinded_for(work: UnitOfWork, web: Web, person: PersonKey) -> frozenset[StudyUid]:
    """Return the studies whose case a person holds now, or reads in a reader study that is not finished."""
    held = work.cases.held_by(person, now=web.now())
    return work.reader_studies.hidden_from(person) | (frozenset() if held is None else {held[0].study})


def refuse_blinded(work: UnitOfWork, web: Web, person: PersonKey, uid: StudyUid) -> None:
    """Raise `BlindedError` while a study is blinded for a person."""
    if uid in blinded_for(work, web, person):
        raise BlindedError


def calls_first(web: Web, person: Person) -> bool:
    """Say whether a person sees an answer only after their own call, whatever their token is narrowed to."""
    reads = Permission.GIVE_FEEDBACK in MAY[person.role]
    return reads and web.services.settings.answer_shown is AnswerOrder.AFTER_OWN_CALL


def is_untold(work: UnitOfWork, web: Web, person: Person, uid: StudyUid) -> bool:
    """Say whether a study's answer, or that there is one, is hidden from a person who has not called it.

    One that was set aside unanswered has nothing to hide, and nobody can call it.
    """
    if not calls_first(web, person) or work.own_calls.find(uid, person.key) is not None:
        return False
    return not work.studies.get(uid).set_aside or work.studies.prediction(uid) is not None


def refuse_hidden(work: UnitOfWork, web: Web, person: Person, uid: StudyUid) -> None:
    """Raise `BlindedError` or `OwnCallFirstError` while a study's answer is hidden from a person."""
    refuse_blinded(work, web, person.key, uid)
    if is_untold(work, web, person, uid):
        raise OwnCallFirstError


def hidden_among(
    work: UnitOfWork, web: Web, person: Person, among: Sequence[StudyUid]
) -> frozenset[StudyUid]:
    """Return those of some studies whose answer is hidden from a person."""
    blinded = blinded_for(work, web, person.key)
    if not calls_first(web, person):
        return blinded
    return blinded | (frozenset(among) - work.own_calls.called(person.key, among))


def as_told(work: UnitOfWork, web: Web, person: Person, wanted: Filter) -> Filter:
    """Narrow a list so that neither what it holds nor its order tells a hidden answer."""
    called_by = person.key if calls_first(web, person) else None
    return replace(wanted, not_so=blinded_for(work, web, person.key), called_by=called_by)


def answer_on(work: UnitOfWork, study: Study, version: VersionKey | None = None) -> Prediction:
    """Return the answer that counts, or that of one model version.

    Raises
    ------
    ExcludedError
        The model must not read the study.
    NotFoundError
        There is no such answer.
    """
    if study.state is StudyState.EXCLUDED:
        raise ExcludedError(study)
    if version is None:
        prediction = work.studies.answer(study.uid)
    else:
        prediction = work.studies.prediction(study.uid, version)
    if prediction is None:
        raise NotFoundError(f"no prediction yet; the study is {study.state}")
    return prediction
