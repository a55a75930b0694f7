"""What a DICOM header says of an arrival, and what a stored object shows to screening.

The DICOM library is loaded with the first object, so that a server is there before it.
"""

from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING

from overread.domain.errors import InputError
from overread.domain.identifiers import Digest, Site, SopInstanceUid, StudyUid
from overread.domain.screening import Screening
from overread.domain.studies import Acquisition, Instance
from overread.studies.intake import Arrival

if TYPE_CHECKING:
    from overread.imaging.resizing import Grey
    from overread.imaging.screening import HeaderFacts

LONGEST_NAME, LONGEST_ID, LONGEST_WORD, LONGEST_CODE = 400, 128, 64, 16  # characters
COARSEST_MM = 64.0


def header_of(content: bytes) -> "HeaderFacts":
    """Return what screening looks at in the header of a DICOM file."""
    from overread.imaging import reading, screening

    return screening.header_facts(reading.read(content))


def arrival_of(content: bytes, *, digest: Digest, site: Site, sent_by: str) -> Arrival:
    """Return the arrival that a DICOM file is; pixels are left alone.

    Raises
    ------
    InputError
        Not DICOM, not taken, or in contradiction with itself (`overread.imaging.reading.read`).
    """
    from overread.imaging import reading, screening

    ds = reading.read(content)
    try:
        study = StudyUid(_text(ds.get("StudyInstanceUID"), LONGEST_WORD + 1))
        patient_id = _text(ds.get("PatientID"), LONGEST_ID + 1)
        if len(patient_id) > LONGEST_ID:
            raise InputError(f"PatientID has more than {LONGEST_ID} characters")
        return Arrival(
            sop_uid=SopInstanceUid(_text(ds.get("SOPInstanceUID"), LONGEST_WORD + 1)),
            study=study,
            digest=digest,
            site=site,
            patient_id=patient_id or study,  # two patients without a number are not one patient
            patient_name=_text(ds.get("PatientName"), LONGEST_NAME),
            birth_date=_day(ds.get("PatientBirthDate")),
            sex=_text(ds.get("PatientSex"), LONGEST_CODE),
            study_date=_day(ds.get("StudyDate")),
            acquisition=_acquisition(ds.get, picture=reading.is_picture(ds), age=screening.age_of(ds)),
            sent_by=sent_by,
        )
    except (AttributeError, TypeError, ValueError) as error:
        raise InputError(f"a value of the header cannot be read: {type(error).__name__}") from error


def screen_stored(content: bytes, picture: "Grey | None", instances: Sequence[Instance]) -> Screening:
    """Run the rules that a header, its decoded picture (if any) and the study's objects can answer."""
    from overread.imaging import quality, screening

    evidence = screening.Evidence(
        header=header_of(content),
        image_count=sum(instance.rows > 0 for instance in instances),
        quality=None if picture is None else quality.assess(picture),
    )
    return screening.screen(evidence)


def likeness_of(picture: "Grey") -> bytes:
    """Return the fingerprint by which the same picture is known again."""
    from overread.imaging.likeness import fingerprint

    return bytes(fingerprint(picture))


def _acquisition(get: Callable[[str], object], *, picture: bool, age: int | None) -> Acquisition:
    """Keep what drift and slices look at; an object without a picture has no rows."""
    return Acquisition(
        manufacturer=_text(get("Manufacturer"), LONGEST_WORD),
        model=_text(get("ManufacturerModelName"), LONGEST_WORD),
        station=_text(get("StationName"), LONGEST_WORD),
        view=_text(get("ViewPosition"), LONGEST_CODE).upper(),
        spacing_mm=_spacing(get("PixelSpacing") or get("ImagerPixelSpacing")),
        bits_stored=int(str(get("BitsStored"))) if get("BitsStored") else None,
        photometric=_text(get("PhotometricInterpretation"), LONGEST_CODE),
        rows=int(str(get("Rows"))) if picture else 0,
        columns=int(str(get("Columns"))) if picture else 0,
        age=age,
        sex=_text(get("PatientSex"), LONGEST_CODE),
    )


def _text(stated: object, longest: int) -> str:
    """Return a value as one line that every database takes: without NUL, not too long."""
    return "" if stated is None else str(stated).replace("\x00", "").strip()[:longest]


def _day(stated: object) -> date | None:
    digits = _text(stated, LONGEST_CODE).replace(".", "")
    try:
        return date.fromisoformat(digits) if digits.isdecimal() else None
    except ValueError:
        return None


def _spacing(stated: object) -> float | None:
    """Return millimetres a pixel; None where absent or impossible."""
    if not stated:
        return None
    first = stated[0] if isinstance(stated, Sequence) and not isinstance(stated, str) else stated
    value = float(str(first))
    return value if 0 < value < COARSEST_MM else None
