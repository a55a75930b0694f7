"""A collection into studies: one outcome for each image, nothing dropped, nothing done twice."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from overread.domain.adjudication import Grade
from overread.domain.errors import InputError
from overread.domain.findings import Finding, Label
from overread.domain.identifiers import Digest, Site, SopInstanceUid, StudyUid, derived_id
from overread.domain.labels import StudyLabel
from overread.domain.screening import RuleOutcome, Screening
from overread.domain.studies import Acquisition, Reason, Study, StudyState
from overread.imaging.collections import Item, Rejected, read_collection
from overread.imaging.decoding import Decoder
from overread.imaging.likeness import fingerprint
from overread.imaging.quality import Quality, assess
from overread.imaging.screening import Acquisition as Header
from overread.imaging.screening import Evidence, ReportFacts, screen
from overread.store.unit_of_work import UnitOfWork
from overread.studies.arrivals import arrival_of, header_of
from overread.studies.intake import Arrival, OtherBytesError, receive
from overread.studies.screening import keep_screening, quarantine
from pipeline.services import PipelineServices

# What a collection of chest radiographs says of all its studies; named in the data sheet.
DECLARED = {f"R0{number}": "declared by the collection" for number in range(1, 9)}

_LABELLED = StudyState.REPORTED  # what a collection labels was read by somebody before


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """What became of one image; `reason` says why where it was not taken as it is."""

    path: str
    outcome: str  # included, excluded, quarantined, known or rejected
    reason: str = ""


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
    on_line: Callable[[Line], None] = lambda _: None,
) -> Counter[str]:
    """Take a collection in and return how many images had which outcome.

    Raises
    ------
    InputError
        There is no collection at `path`; raised before the first image. A bad image is a line, not an error.
    """
    counts: Counter[str] = Counter()
    with Decoder() as decoder:
        for line in _lines(services, path, form, decoder, dry_run=dry_run):
            counts[line.outcome] += 1
            on_line(line)
    return counts


def _lines(
    services: PipelineServices, path: Path, form: str, decoder: Decoder, *, dry_run: bool
) -> Iterator[Line]:
    for outcome in read_collection(path, form):
        if isinstance(outcome, Rejected):
            yield Line(path=str(outcome.path), outcome="rejected", reason=str(outcome))
            continue
        try:
            yield _take(services, outcome, decoder, dry_run=dry_run)
        except (InputError, OtherBytesError) as error:
            name = outcome.path.name
            reason = str(error) if str(error).startswith(name) else f"{name}: {error}"
            yield Line(path=str(outcome.path), outcome="rejected", reason=reason)


def _take(services: PipelineServices, item: Item, decoder: Decoder, *, dry_run: bool) -> Line:
    content = item.load()
    digest = Digest(hashlib.sha256(content).hexdigest())
    arrival, header = _described(services, item, content, digest)
    with services.storage.look() as work:
        known = work.studies.instance(arrival.sop_uid)
        before = work.studies.find(arrival.study)
    if known is not None:
        if known.digest != digest:
            raise OtherBytesError
        return Line(path=str(item.path), outcome="known", reason=_why_left_out(before))
    try:
        picture = decoder.decode(content, services.task.image_size)
    except InputError as error:
        return _set_aside(services, item, content, arrival, str(error), dry_run=dry_run)
    count = 1 if before is None else 2
    seen = _Seen(
        arrival=arrival,
        screening=_screened(item, header, assess(picture), count),
        fingerprint=bytes(fingerprint(picture)),
        label=_label(services, item, arrival.study),
    )
    if not dry_run:
        services.storage.objects.put(content)
        with services.storage.work() as work:
            _keep(services, work, seen)
            work.commit()
    reasons = seen.screening.reasons or (seen.screening.cohort_reasons if item.label else ())
    outcome = "excluded" if reasons else "included"
    return Line(path=str(item.path), outcome=outcome, reason=_said(reasons))


def _why_left_out(study: Study | None) -> str:
    """Return why a study that is known already was not taken as it is; nothing where it was."""
    if study is None:
        return ""
    return _said(study.reasons or (study.screening.cohort_reasons if study.state is _LABELLED else ()))


def _said(reasons: Iterable[Reason | RuleOutcome]) -> str:
    return "; ".join(f"{reason.code}: {reason.text}" for reason in reasons)


def _described(
    services: PipelineServices, item: Item, content: bytes, digest: Digest
) -> tuple[Arrival, Header]:
    site = Site(services.settings.site)
    if content[128:132] == b"DICM":
        ds_header, arrival = (
            header_of(content),
            arrival_of(content, digest=digest, site=site, sent_by="import"),
        )
        return replace(arrival, source="import"), ds_header
    number = int(hashlib.sha256(f"{item.source}|{item.path.name}".encode()).hexdigest()[:32], 16)
    arrival = Arrival(
        sop_uid=SopInstanceUid(f"2.25.{int(digest[:32], 16)}"),
        study=StudyUid(f"2.25.{number}"),
        digest=digest,
        site=site,
        patient_id=item.patient_id,
        sex=item.sex,
        acquisition=Acquisition(view=item.view, age=item.age, sex=item.sex),
        sent_by="import",
        source="import",
    )
    header = Header(modality="DX", view=item.view, body_part="CHEST", age_years=item.age)
    return arrival, header


def _screened(item: Item, header: Header, quality: Quality, count: int) -> Screening:
    report = ReportFacts(signed=True if item.label else None)
    screening = screen(Evidence(acquisition=header, image_count=count, quality=quality, report=report))
    return screening.declaring(DECLARED) if item.label else screening


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
    study = receive(work, seen.arrival, task=services.task, now=now).study
    study = keep_screening(work, study.uid, seen.screening, fingerprint=seen.fingerprint, now=now)
    if seen.label is not None:
        work.labels.add(seen.label)
        if study.state is StudyState.SCREENED:
            study = replace(study, state=_LABELLED)
            work.studies.save(study)
    return study


def _set_aside(
    services: PipelineServices, item: Item, content: bytes, arrival: Arrival, why: str, *, dry_run: bool
) -> Line:
    if not dry_run:
        services.storage.objects.put(content)
        with services.storage.work() as work:
            receive(work, arrival, task=services.task, now=services.now())
            reasons = [Reason(code="UNREADABLE", text=why)]
            quarantine(work, arrival.study, reasons, now=services.now())
            work.commit()
    return Line(path=str(item.path), outcome="quarantined", reason=f"{item.path.name}: {why}")
