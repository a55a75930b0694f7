"""A drawn picture and an identity become a DICOM file: DX or CR, one frame, explicit little endian.

Attributes follow the DX and CR image modules (PS3.3 A.26, A.2) as far as clinical software asks for them.
Names are synthetic and say so; no person stands behind any file.
"""

from io import BytesIO

from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
)

from overread.domain.identifiers import SopInstanceUid
from overread.simulation.pictures import DrawnStudy
from overread.simulation.population import SimulatedStudy
from overread.simulation.scanners import MAKERS, Maker
from overread.simulation.seeds import derived, uid

VIEWS = {  # ViewPosition: SNOMED CT code and meaning
    "PA": ("272479007", "Postero-anterior projection"),
    "AP": ("399348003", "Antero-posterior projection"),
    "LL": ("399067008", "Lateral projection"),
}


def sop_instance_uid(study: SimulatedStudy) -> SopInstanceUid:
    """Return the UID of the study's only picture."""
    return SopInstanceUid(uid("instance", study.seed))


def to_dicom(study: SimulatedStudy, drawn: DrawnStudy) -> bytes:
    """Return the study as one DICOM file; equal arguments give equal bytes."""
    maker = MAKERS[study.maker]
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID = (
        DigitalXRayImageStorageForPresentation if maker.modality == "DX" else ComputedRadiographyImageStorage
    )
    ds.SOPInstanceUID = sop_instance_uid(study)
    _identify(ds, study)
    _describe(ds, study, maker)
    _place(ds, study, maker)
    _fill(ds, drawn, maker)
    file = BytesIO()
    dcmwrite(file, ds, enforce_file_format=True)
    return file.getvalue()


def _identify(ds: Dataset, study: SimulatedStudy) -> None:
    ds.PatientName = f"Simulated^{study.patient.key[-6:]}"
    ds.PatientID = study.patient.key
    ds.PatientBirthDate = study.patient.born.strftime("%Y%m%d")
    ds.PatientSex = study.patient.sex
    ds.PatientAge = f"{study.age:03d}Y"
    ds.PatientIdentityRemoved = "YES"
    ds.DeidentificationMethod = "Synthetic; no person"
    ds.StudyInstanceUID = study.study_uid
    ds.SeriesInstanceUID = uid("series", study.seed)
    ds.AccessionNumber = f"S{derived('accession', study.seed) % 10**12:012d}"
    ds.StudyID = ds.AccessionNumber[-8:]
    ds.ReferringPhysicianName = ""
    ds.SeriesNumber = 1
    ds.InstanceNumber = 1


def _describe(ds: Dataset, study: SimulatedStudy, maker: Maker) -> None:
    day, time = study.acquired_at.strftime("%Y%m%d"), study.acquired_at.strftime("%H%M%S")
    for kind in ("Study", "Series", "Acquisition", "Content"):
        setattr(ds, f"{kind}Date", day)
        setattr(ds, f"{kind}Time", time)
    ds.TimezoneOffsetFromUTC = "+0000"
    ds.Modality = maker.modality
    ds.StudyDescription = study.description
    ds.Manufacturer = f"Simulated {maker.name[0]}"
    ds.ManufacturerModelName = maker.model
    ds.StationName = f"ROOM-{maker.name[0]}"
    ds.InstitutionName = "Simulated department"
    ds.SoftwareVersions = "1.0"
    ds.ImageType = ["ORIGINAL", "PRIMARY", ""]
    ds.BurnedInAnnotation = "NO"
    ds.LossyImageCompression = "00"
    ds.AcquisitionContextSequence = []


def _place(ds: Dataset, study: SimulatedStudy, maker: Maker) -> None:
    ds.BodyPartExamined = "CHEST"
    ds.ViewPosition = study.view
    ds.PatientOrientation = ["L", "F"] if study.view in {"PA", "AP"} else ["A", "F"]
    if maker.modality == "CR":
        return
    ds.PresentationIntentType = "FOR PRESENTATION"
    ds.ImageLaterality = "U"
    ds.DetectorType = "DIRECT"
    ds.AnatomicRegionSequence = [_code("51185008", "Chest")]
    ds.ViewCodeSequence = [_code(*VIEWS[study.view])]


def _fill(ds: Dataset, drawn: DrawnStudy, maker: Maker) -> None:
    exposure = drawn.exposure
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME1" if exposure.inverted else "MONOCHROME2"
    ds.PresentationLUTShape = "INVERSE" if exposure.inverted else "IDENTITY"
    ds.PixelIntensityRelationship = "LOG"
    ds.PixelIntensityRelationshipSign = 1 if exposure.inverted else -1
    ds.Rows = ds.Columns = drawn.size
    ds.BitsAllocated = 16
    ds.BitsStored = exposure.bits
    ds.HighBit = exposure.bits - 1
    ds.PixelRepresentation = 0
    ds.RescaleSlope = "1"
    ds.RescaleIntercept = "0"
    ds.RescaleType = "US"
    ds.WindowCenter = f"{exposure.window_center:g}"
    ds.WindowWidth = f"{exposure.window_width:g}"
    ds.VOILUTFunction = "LINEAR"
    spacing = f"{maker.spacing_mm * maker.columns / drawn.size:.6g}"
    ds.ImagerPixelSpacing = [spacing, spacing]
    ds.PixelData = exposure.stored.astype("<u2").tobytes()


def _code(value: str, meaning: str) -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, "SCT", meaning
    return code
