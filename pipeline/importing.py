"""A collection into studies: one outcome for each image, nothing dropped, nothing done twice."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from overread.domain.adjudication import Grade
from overread.domain.errors import InputError, UnsupportedError
from overread.domain.findings import Finding, Label
from overread.domain.identifiers import Digest, PersonKey, Site, SopInstanceUid, StudyUid, derived_id
from overread.domain.labels import StudyLabel
from overread.domain.screening import COHORT_RULES, RuleOutcome, Screening
from overread.domain.studies import Acquisition, Reason, Study, StudyState
from overread.imaging.collections import Item, Rejected, read_collection
from overread.imaging.decoding import Decoder
from overread.imaging.likeness import fingerprint
from overread.imaging.quality import Quality, assess
from overread.imaging.screening import Evidence, HeaderFacts, ReportFacts, screen
from overread.store.unit_of_work import UnitOfWork
from overread.studies.arrivals import arrival_of, header_of
from overread.studies.intake import Arrival, OtherBytesError, receive
from overread.studies.screening import declare, keep_screening, quarantine
from pipeline.services import PipelineServices

_DECLARED = "declared by the collection"
# What a table of chest radiographs says of all its studies by being one; its columns must say view and age,
# or whoever imports it declares R03 and R05: a table of children looks like any other.
_BY_TABLE = dict.fromkeys(("R01", "R02", "R04", "R08"), _DECLARED)

IMPORT = PersonKey("import")
_LABELLED = StudyState.REPORTED  # what a collection labels was read by somebody before


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """What became of one image; `reason` says why where it was not taken as it is."""

    path: str
    outcome: str  # included, excluded, quarantined, known or rejected
    reason: str = ""
    rules: tuple[RuleOutcome, ...] = ()  # that exclude it


@dataclass(frozen=True, kw_only=True, slots=True)
class _Run:
    """One import: where to, what its caller declares, and what a dry run would have kept by now."""

    services: PipelineServices
    decoder: Decoder
    declared: Mapping[str, str]
    dry_run: bool
    shown: dict[SopInstanceUid, Arrival] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Before:
    """What is known of an arrival's study: the digest of the same object, its pictures and its labels."""

    digest: Digest | None
    study: Study | None
    pictures: int
    labels: tuple[StudyLabel, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Seen:
    """One image looked at: what will be kept if it is."""

    arrival: Arrival
    screening: Screening
    fingerprint: bytes
    label: StudyLabel | None


def import_collection(
    services: PipelineServices,
    path: Path,
    form: str,
    *,
    dry_run: bool = False,
    declared: Iterable[str] = (),
    on_line: Callable[[Line], None] = lambda _: None,
) -> Counter[str]:
    """Take a collection in and return how many images had which outcome.

    Parameters
    ----------
    declared
        Rules of R01 to R08 that the collection answers for all its studies; only an unknown is answered so.

    Raises
    ------
    InputError
        There is no collection at `path`, or no such rule; raised before the first image. A bad image is a
        line, not an error.
    """
    strange = sorted(set(declared) - set(COHORT_RULES))
    if strange:
        raise InputError(f"a collection cannot declare {', '.join(strange)}; only {', '.join(COHORT_RULES)}")
    counts: Counter[str] = Counter()
    with Decoder() as decoder:
        run = _Run(
            services=services,
            decoder=decoder,
            declared=dict.fromkeys(declared, _DECLARED),
            dry_run=dry_run,
        )
        for outcome in read_collection(path, form):
            line = _line(run, outcome)
            counts[line.outcome] += 1
            on_line(line)
    return counts


def _line(run: _Run, outcome: Item | Rejected) -> Line:
    if isinstance(outcome, Rejected):
        return Line(path=str(outcome.path), outcome="rejected", reason=str(outcome))
    try:
        return _take(run, outcome)
    except (InputError, OtherBytesError) as error:
        words = str(error).removeprefix(f"{outcome.path.name}: ")
        return Line(path=str(outcome.path), outcome="rejected", reason=f"{outcome.path}: {words}")


def _take(run: _Run, item: Item) -> Line:
    content = item.load()
    digest = Digest(hashlib.sha256(content).hexdigest())
    arrival, header = _described(run.services, item, content, digest)
    before = _before(run, arrival)
    if before.digest is not None:
        if before.digest != digest:
            raise OtherBytesError
        return Line(path=str(item.path), outcome="known", reason=_known(run, item, arrival, before))
    if run.dry_run:
        run.shown[arrival.sop_uid] = arrival
    try:
        picture = run.decoder.decode(content, run.services.task.image_size)
    except InputError as error:
        return _set_aside(run, item, content, arrival, str(error))
    screening = _screened(item, header, assess(picture), before.pictures + 1)
    seen = _Seen(
        arrival=arrival,
        screening=screening.declaring(run.declared),
        fingerprint=bytes(fingerprint(picture)),
        label=_label(run.services, item, arrival.study),
    )
    if not run.dry_run:
        run.services.storage.objects.put(content, digest=digest)
        with run.services.storage.work() as work:
            run.services.storage.objects.ensure(digest, content)
            _keep(run.services, work, seen)
            work.commit()
    reasons = seen.screening.reasons or (seen.screening.cohort_reasons if item.label else ())
    outcome = "excluded" if reasons else "included"
    return Line(path=str(item.path), outcome=outcome, reason=_said(reasons), rules=tuple(reasons))


def _before(run: _Run, arrival: Arrival) -> _Before:
    with run.services.storage.look() as work:
        known = work.studies.instance(arrival.sop_uid)
        study = work.studies.find(arrival.study if known is None else known.study)
        kept = work.studies.instances_of(arrival.study)
        labels = work.labels.of_study(arrival.study)
    digest = None if known is None else known.digest
    if arrival.sop_uid in run.shown:
        digest = run.shown[arrival.sop_uid].digest
    shown = sum(other.study == arrival.study for other in run.shown.values())
    pictures = sum(instance.rows > 0 for instance in kept) + shown
    return _Before(digest=digest, study=study, pictures=pictures, labels=tuple(labels))


def _known(run: _Run, item: Item, arrival: Arrival, before: _Before) -> str:
    """Take what is declared of a study known already; say why it is left out, or what differs now."""
    study = before.study
    if study is None:  # a dry run has seen these bytes before
        return "the same bytes came earlier in this collection"
    if run.declared and study.state is _LABELLED:
        study = study.screened(study.screening.declaring(run.declared))
        if not run.dry_run:
            with run.services.storage.work() as work:
                study = declare(work, study.uid, run.declared, by=IMPORT, now=run.services.now())
                work.commit()
    differs = _other_word(run, item, arrival, before)
    return "; ".join(words for words in (differs, _why_left_out(study)) if words)


def _other_word(run: _Run, item: Item, arrival: Arrival, before: _Before) -> str:
    """Say where a table now has another label, or another patient, for the same bytes; the first stands."""
    stated = [label.label for label in before.labels if label.registered]
    if item.label is not None and item.label not in stated:
        kept = stated[-1] if stated else "no label"
        return f"known with {kept}, and the table says {item.label}; the first stands, correct it by feedback"
    with run.services.storage.look() as work:
        patient = None if before.study is None else work.studies.patient(before.study.patient)
    if patient is not None and patient.id != arrival.patient_id:
        return "known as a picture of another patient; the first stands"
    return ""


def _why_left_out(study: Study | None) -> str:
    """Return why a study that is known already was not taken as it is; nothing where it was."""
    if study is None:
        return ""
    return _said(study.reasons or (study.screening.cohort_reasons if study.state is _LABELLED else ()))


def _said(reasons: Iterable[Reason | RuleOutcome]) -> str:
    return "; ".join(f"{reason.code}: {reason.text}" for reason in reasons)


def _described(
    services: PipelineServices, item: Item, content: bytes, digest: Digest
) -> tuple[Arrival, HeaderFacts]:
    site = Site(services.settings.site)
    if content[128:132] == b"DICM":
        arrival = arrival_of(content, digest=digest, site=site, sent_by=IMPORT)
        if not arrival.acquisition.rows:
            raise UnsupportedError("holds no picture")  # a capture without pixels, which no header shows
        return replace(arrival, source="import"), header_of(content)
    # named by its bytes: two folders may well use one file name, and a moved collection is still the same
    arrival = Arrival(
        sop_uid=SopInstanceUid(f"2.25.{int(digest[:32], 16)}"),
        study=StudyUid(f"2.25.{int(digest[32:], 16)}"),
        digest=digest,
        site=site,
        patient_id=item.patient_id,
        sex=item.sex,
        acquisition=Acquisition(
            view=item.view, age=item.age, sex=item.sex, rows=item.rows, columns=item.columns
        ),
        sent_by=IMPORT,
        source="import",
    )
    return arrival, HeaderFacts(view=item.view, age_years=item.age)


def _screened(item: Item, header: HeaderFacts, quality: Quality, count: int) -> Screening:
    report = ReportFacts(signed=True if item.label else None)
    screening = screen(Evidence(header=header, image_count=count, quality=quality, report=report))
    return screening if item.row is None else screening.declaring(_BY_TABLE)


def _label(services: PipelineServices, item: Item, study: StudyUid) -> StudyLabel | None:
    if item.label is None:
        return None
    known = set(services.task.vocabulary.codes)
    findings = tuple(Finding(code=code) for code in item.findings if code in known)
    return StudyLabel(
        id=derived_id("import", study),
        study=study,
        label=item.label,
        grade=Grade.REPORT,
        source=f"import:{item.source}"[:64],
        at=services.now(),
        findings=findings if item.label is Label.HAS_FINDING else (),
        complete=not item.other_findings,
    )


def _keep(services: PipelineServices, work: UnitOfWork, seen: _Seen) -> Study:
    now = services.now()
    study = receive(work, seen.arrival, task=services.task, now=now, queued=False).study
    study = keep_screening(
        work, study.uid, seen.screening, fingerprint=seen.fingerprint, now=now, queued=seen.label is None
    )
    if seen.label is not None:
        work.labels.add(seen.label)
        if study.state is StudyState.SCREENED:
            study = replace(study, state=_LABELLED)
            work.studies.save(study)
    return study


def _set_aside(run: _Run, item: Item, content: bytes, arrival: Arrival, why: str) -> Line:
    if not run.dry_run:
        services = run.services
        services.storage.objects.put(content, digest=arrival.digest)
        with services.storage.work() as work:
            services.storage.objects.ensure(arrival.digest, content)
            receive(work, arrival, task=services.task, now=services.now(), queued=False)
            if (label := _label(services, item, arrival.study)) is not None:
                work.labels.add(label)  # for the day when a person releases it
            reasons = [Reason(code="UNREADABLE", text=why)]
            quarantine(work, arrival.study, reasons, now=services.now())
            work.commit()
    return Line(path=str(item.path), outcome="quarantined", reason=f"{item.path}: {why}")
