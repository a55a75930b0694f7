"""Which objects of a study are there to be shown, and their headers."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from overread.domain.errors import NotFoundError
from overread.domain.identifiers import SopInstanceUid, StudyUid
from overread.domain.studies import Instance, Patient, Study
from overread.store.unit_of_work import UnitOfWork
from serving.api.shapes import named, study_named
from serving.wiring import Web

if TYPE_CHECKING:
    from pydicom import Dataset

MOST_OBJECTS = 500  # of one study; a radiograph has a few


@dataclass(frozen=True, kw_only=True, slots=True)
class Holding:
    """One study with its patient and its objects, the first received first."""

    study: Study
    patient: Patient
    objects: tuple[Instance, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Described:
    """One object and what its header says."""

    instance: Instance
    header: "Dataset"


def holding(work: UnitOfWork, study: Study, patient: Patient) -> Holding:
    """Return what is held of a study."""
    objects = work.studies.instances_of(study.uid)[:MOST_OBJECTS]
    return Holding(study=study, patient=patient, objects=tuple(objects))


def held(web: Web, study: str) -> Holding:
    """Return what is held of the study that an address names; raise `NotFoundError`."""
    with web.look() as work:
        return holding(work, *work.archive.get(study_named(study)))


def described(web: Web, among: Holding) -> Iterator[Described]:
    """Yield each object with its header; one whose bytes are gone raises `NotFoundError`."""
    from serving.dicomweb import datasets

    for instance in among.objects:
        with web.objects.unchecked(instance.digest) as file:
            header = datasets.header(file, instance, among.study, among.patient)
        yield Described(instance=instance, header=header)


def of_series(web: Web, among: Holding, series: str) -> list[Described]:
    """Return the objects of one series; raise `NotFoundError` where there is none."""
    uid = named(StudyUid, series)
    found = [each for each in described(web, among) if each.header.get("SeriesInstanceUID") == uid]
    if not found:
        raise NotFoundError("the study has no such series")
    return found


def one_of(web: Web, among: Holding, series: str, instance: str) -> Described:
    """Return one object of a series; raise `NotFoundError`."""
    uid = named(SopInstanceUid, instance)
    for each in of_series(web, among, series):
        if each.instance.sop_uid == uid:
            return each
    raise NotFoundError("the series has no such instance")
