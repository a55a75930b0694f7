"""The reference study's eligibility rules (Table 1, R01-R12): each asked of every study, each answer kept."""

import re
from dataclasses import dataclass, field
from datetime import date

from pydicom import Dataset

from overread.domain.screening import Outcome, RuleOutcome, Screening
from overread.imaging import reading
from overread.imaging.quality import Flaw, Quality
from overread.imaging.report_text import classify

ADULT = 18
Answer = bool | None
"""Yes, no, or nobody has said."""
_OLDEST = 130
_FRONTAL = frozenset({"PA", "AP"})
_LATERAL = frozenset({"LL", "RL", "LLD", "RLD", "LAT", "LATERAL"})
_FRONTAL_CODES = frozenset({"272479007", "399348003"})  # SCT postero-anterior, antero-posterior
_LATERAL_CODES = frozenset({"399067008"})
_CHEST_CODES = frozenset({"51185008", "816094009"})
_NEARLY_CHEST = frozenset({"THORAX", "LUNG", "LUNGS", "HEART", "RIB", "RIBS", "CHESTABDOMEN"})
_BEDSIDE = re.compile(r"床旁|床边|\b(?:portable|bedside|mobile)\b", re.IGNORECASE)
_TWO_VIEWS = re.compile(
    r"正侧位|正、侧位|\b(?:pa|ap|frontal)\s*(?:and|&|\+|/|,)\s*lat(?:eral)?\b|\b(?:2|two)[- ]views?\b",
    re.IGNORECASE,
)
_LATERAL_ORDER = re.compile(r"侧位|\blat(?:eral)?\b", re.IGNORECASE)
_FRONTAL_ORDER = re.compile(r"正位|后前位|前后位|\b(?:pa|ap|frontal|postero-?anterior)\b", re.IGNORECASE)
_CHEST_ORDER = re.compile(r"胸|\b(?:chest|thorax|cxr)\b", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class HeaderFacts:
    """What a header, or a row of a collection, says of how a study was made; empty where it does not."""

    modality: str = ""
    sop_class: str = ""
    view: str = ""
    view_codes: frozenset[str] = frozenset()
    order: str = ""
    body_part: str = ""
    region_codes: frozenset[str] = frozenset()
    age_years: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportFacts:
    """What is known of the report: signed or not, and its text; None and empty where nobody has said."""

    signed: bool | None = None
    findings: str = ""
    impression: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReaderAnswers:
    """What a person said of the picture (R09-R12); None where nobody has."""

    position: bool | None = None
    exposure: bool | None = None
    little_metal: bool | None = None
    report_right: bool | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """All that screening looks at."""

    header: HeaderFacts
    image_count: int | None = None
    quality: Quality | None = None
    report: ReportFacts = field(default_factory=ReportFacts)
    answers: ReaderAnswers = field(default_factory=ReaderAnswers)


def screen(evidence: Evidence) -> Screening:
    """Run every rule and keep every answer."""
    header = evidence.header
    return Screening(
        outcomes=(
            _modality(header),
            _device(header),
            _view(header),
            _body_part(header),
            _age(header),
            _image_count(evidence.image_count),
            _report(evidence.report),
            _text(evidence.report),
            _position(evidence),
            _exposure(evidence),
            _answered("R11_METAL", evidence.answers.little_metal, "obvious metal on the body"),
            _answered("R12_REPORT", evidence.answers.report_right, "a senior reader found the report wrong"),
        )
    )


def header_facts(ds: Dataset) -> HeaderFacts:
    """Return what a dataset's header says."""
    orders = [ds.get("StudyDescription"), ds.get("PerformedProcedureStepDescription")]
    orders += [
        item.get("ScheduledProcedureStepDescription") for item in ds.get("RequestAttributesSequence") or ()
    ]
    return HeaderFacts(
        modality=_text_of(ds, "Modality"),
        sop_class=_text_of(ds, "SOPClassUID"),
        view=_text_of(ds, "ViewPosition").upper(),
        view_codes=_codes(ds, "ViewCodeSequence"),
        order=" / ".join(str(order) for order in orders if order),
        body_part=_text_of(ds, "BodyPartExamined").upper(),
        region_codes=_codes(ds, "AnatomicRegionSequence"),
        age_years=age_of(ds),
    )


def age_of(ds: Dataset) -> int | None:
    """Return whole years: birth date at study date, else PatientAge; months, weeks and days count as 0."""
    born, studied = (day_of(_text_of(ds, keyword)) for keyword in ("PatientBirthDate", "StudyDate"))
    return years(born, studied, stated=_text_of(ds, "PatientAge"))


def years(born: date | None, studied: date | None, *, stated: str) -> int | None:
    """Return whole years as `age_of` does, from two dates and a stated age such as `058Y`."""
    if born is not None and studied is not None:
        lived = studied.year - born.year - ((studied.month, studied.day) < (born.month, born.day))
        if 0 <= lived <= _OLDEST:
            return lived
    age = re.fullmatch(r"(\d{1,3})([DWMY])", stated.upper())
    if age is None:
        return None
    return int(age[1]) if age[2] == "Y" else 0


def day_of(stated: str) -> date | None:
    """Return a DICOM date, old dotted ones too; None where absent or impossible."""
    digits = stated.replace(".", "")
    try:
        return (
            date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
            if len(digits) == len("YYYYMMDD")
            else None
        )
    except ValueError:
        return None


def _passed(code: str, text: str = "") -> RuleOutcome:
    return RuleOutcome(code=code, outcome=Outcome.PASS, text=text)


def _failed(code: str, text: str) -> RuleOutcome:
    return RuleOutcome(code=code, outcome=Outcome.FAIL, text=text)


def _unknown(code: str, text: str) -> RuleOutcome:
    return RuleOutcome(code=code, outcome=Outcome.UNKNOWN, text=text)


def _modality(header: HeaderFacts) -> RuleOutcome:
    if not header.modality:
        return _unknown("R01_MODALITY", "the modality is not stated")
    if header.modality in {"DX", "CR"}:
        return _passed("R01_MODALITY")
    return _failed("R01_MODALITY", f"modality {header.modality[:16]}, not a radiograph (DX or CR)")


def _device(header: HeaderFacts) -> RuleOutcome:
    if not header.sop_class:
        return _unknown("R02_DEVICE", "the kind of device is not stated")
    if header.sop_class in reading.RADIOGRAPHS:
        return _passed("R02_DEVICE")
    return _failed(
        "R02_DEVICE", "not stored as a digital or computed radiograph (film digitiser, secondary capture)"
    )


def _view(header: HeaderFacts) -> RuleOutcome:
    """Judge the order first, then view position and code; its words decide only where both are silent."""
    if _BEDSIDE.search(header.order):
        return _failed("R03_BEDSIDE", "the order is for a bedside picture")
    if _TWO_VIEWS.search(header.order):
        return _failed("R03_TWO_VIEWS", "the order is for a frontal and a lateral view")
    if header.view in _LATERAL or header.view_codes & _LATERAL_CODES:
        return _failed("R03_LATERAL", "a lateral view")
    if header.view in _FRONTAL or header.view_codes & _FRONTAL_CODES:
        return _passed("R03_VIEW")
    return _view_by_order(header)


def _view_by_order(header: HeaderFacts) -> RuleOutcome:
    if header.view:
        return _unknown("R03_VIEW", f"view {header.view[:16]} is not one we know")
    if _LATERAL_ORDER.search(header.order):
        return _failed("R03_LATERAL", "the order is for a lateral view")
    if _FRONTAL_ORDER.search(header.order):
        return _passed("R03_VIEW", "from the order's text")
    return _unknown("R03_VIEW", "no view position, view code or order says which view this is")


def _body_part(header: HeaderFacts) -> RuleOutcome:
    if header.body_part == "CHEST" or header.region_codes & _CHEST_CODES:
        return _passed("R04_BODY_PART")
    if header.body_part and header.body_part not in _NEARLY_CHEST:
        return _failed("R04_BODY_PART", f"body part {header.body_part[:16]}, not chest")
    if header.region_codes:
        return _failed("R04_BODY_PART", "the anatomic region is not the chest")
    if not header.body_part and _CHEST_ORDER.search(header.order):
        return _passed("R04_BODY_PART", "from the order's text")
    return _unknown("R04_BODY_PART", "the body part is not stated, or not clearly the chest")


def _age(header: HeaderFacts) -> RuleOutcome:
    if header.age_years is None:
        return _unknown("R05_AGE", "neither birth date nor age is stated")
    if header.age_years >= ADULT:
        return _passed("R05_AGE")
    return _failed("R05_AGE", f"younger than {ADULT} years")


def _image_count(count: int | None) -> RuleOutcome:
    if count is None:
        return _unknown("R06_IMAGE_COUNT", "the number of images is not known")
    return _passed("R06_IMAGE_COUNT") if count == 1 else _failed("R06_IMAGE_COUNT", f"{count} images, not 1")


def _report(report: ReportFacts) -> RuleOutcome:
    if report.signed is None:
        return _unknown("R07_REPORT", "nobody has said whether a signed report exists")
    return _passed("R07_REPORT") if report.signed else _failed("R07_REPORT", "no signed report")


def _text(report: ReportFacts) -> RuleOutcome:
    """R08 passes where the text states a class, whichever it is."""
    stated = classify(report.findings, report.impression)
    if stated.label is None:
        return _unknown("R08_TEXT", "no report text")
    if stated.uncertain:
        return _unknown("R08_TEXT", f"{stated.rule}: the report hedges")
    return _passed("R08_TEXT", f"{stated.rule}: {stated.label}")


def _position(evidence: Evidence) -> RuleOutcome:
    flaws = set(evidence.quality.flaws) if evidence.quality else set()
    if evidence.answers.position is None and flaws & {Flaw.SIDEWAYS, Flaw.CUT_OFF}:
        return _unknown("R09_POSITION", "looks turned or cut off; a reader should look")
    return _answered("R09_POSITION", evidence.answers.position, "wrongly positioned, rotated or cut off")


def _exposure(evidence: Evidence) -> RuleOutcome:
    quality, answer = evidence.quality, evidence.answers.exposure
    if quality is not None and not quality.readable:
        return _failed("R10_EXPOSURE", "the picture is blank or burnt out")
    if answer is not None or quality is None:
        return _answered("R10_EXPOSURE", answer, "badly exposed")
    doubts = [flaw for flaw in quality.flaws if flaw in {Flaw.LOW_CONTRAST, Flaw.CLIPPED, Flaw.INVERTED}]
    if doubts:
        return _unknown(
            "R10_EXPOSURE", f"looks {' and '.join(doubts).replace('_', ' ')}; a reader should look"
        )
    return _passed("R10_EXPOSURE", "from the histogram")


def _answered(code: str, answer: Answer, otherwise: str) -> RuleOutcome:
    """Turn a reader's yes, no or silence into an outcome."""
    if answer is None:
        return _unknown(code, "no reader has said")
    return _passed(code, "said a reader") if answer else _failed(code, otherwise)


def _text_of(ds: Dataset, keyword: str) -> str:
    return str(ds.get(keyword) or "").strip()


def _codes(ds: Dataset, keyword: str) -> frozenset[str]:
    return frozenset(str(item.get("CodeValue") or "") for item in ds.get(keyword) or ()) - {""}
