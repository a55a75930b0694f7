"""People, and pictures that look the same, across splits: found, named, refused."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from overread.domain.datasets import Split
from overread.domain.identifiers import PatientKey, StudyUid
from overread.domain.studies import Patient, Study
from overread.imaging.likeness import Fingerprint, pairs
from overread.store.unit_of_work import UnitOfWork

Alike = Sequence[tuple[StudyUid, StudyUid]]
Owners = Mapping[StudyUid, PatientKey]

_ORDER = (Split.TRAIN, Split.TUNE, Split.TEST)
_PLACEHOLDER = 5  # patients of one name and birth date: more are nobody, such as ANONYMOUS, 1900-01-01


class Kind(StrEnum):
    """Why two studies must not lie in two splits."""

    PATIENT = "patient"  # one patient's
    PERSON = "person"  # of two patient keys that are one person
    PICTURE = "picture"  # nearly the same picture
    COPY = "copy"  # one exposure: mirrored, cropped, turned or windowed
    NEIGHBOUR = "neighbour"  # neighbours to the network, and one exposure


@dataclass(frozen=True, kw_only=True, slots=True)
class Leak:
    """Two studies in two splits: training gives way to tuning, and both to the test set."""

    leaves: StudyUid
    stays: StudyUid
    kind: Kind = Kind.PICTURE


Guard = Callable[[UnitOfWork, Mapping[StudyUid, Study], Owners, Owners], list[Leak]]


def look_alikes(studies: Sequence[Study]) -> Alike:
    """Return the pairs of studies whose pictures look the same; one without a fingerprint is in none."""
    known = [study for study in studies if study.fingerprint]
    found = pairs([Fingerprint(study.fingerprint) for study in known if study.fingerprint])
    return [(known[i].uid, known[j].uid) for i, j in found]


def leaks(alike: Alike, splits: Mapping[StudyUid, Split]) -> list[Leak]:
    """Return the look-alikes whose splits differ; a study that `splits` does not name is in none."""
    found = []
    for pair in alike:
        if not all(uid in splits for uid in pair):
            continue
        leaves, stays = sorted(pair, key=lambda uid: _ORDER.index(splits[uid]))
        if splits[leaves] is not splits[stays]:
            found.append(Leak(leaves=leaves, stays=stays))
    return found


def same_people(
    work: UnitOfWork, _studies: Mapping[StudyUid, Study], learned: Owners, tested: Owners
) -> list[Leak]:
    """Return the learned studies of people who are tested too, also under another patient key.

    Prior studies of one key are found by the key; of two keys, by what the headers say of the person.
    """
    person = one_person(work.studies.patients())
    by_key: dict[PatientKey, StudyUid] = {}
    by_person: dict[PatientKey, StudyUid] = {}
    for study, patient in sorted(tested.items()):
        by_key.setdefault(patient, study)
        by_person.setdefault(person.get(patient, patient), study)
    found = []
    for study, patient in sorted(learned.items()):
        who = person.get(patient, patient)
        if patient in by_key:
            found.append(Leak(leaves=study, stays=by_key[patient], kind=Kind.PATIENT))
        elif who in by_person:
            found.append(Leak(leaves=study, stays=by_person[who], kind=Kind.PERSON))
    return found


def one_person(patients: Iterable[Patient]) -> dict[PatientKey, PatientKey]:
    """Return one key for all keys of a person: same birth date and sex, and same name or number.

    Names are compared word by word in any order, numbers without what fills them up. A patient without a
    birth date is linked to nobody, nor is one whose words many share.
    """
    born_alike: dict[tuple[date, str], list[Patient]] = defaultdict(list)
    for patient in patients:
        if patient.birth_date is not None:
            born_alike[patient.birth_date, patient.sex].append(patient)
    alike: dict[tuple[object, ...], set[PatientKey]] = defaultdict(set)
    for birth, born in born_alike.items():
        for patient in born if len(born) > 1 else ():
            for mark in _marks(patient):
                alike[*birth, *mark].add(patient.key)
    leads: dict[PatientKey, PatientKey] = {}
    for keys in alike.values():
        if 1 < len(keys) < _PLACEHOLDER:
            found = {_lead(leads, key) for key in keys}
            leads |= dict.fromkeys(found, min(found))
    return {key: _lead(leads, key) for key in leads}


def _marks(patient: Patient) -> Iterable[tuple[str, ...]]:
    name = sorted(re.findall(r"\w+", patient.name.casefold()))
    number = re.sub(r"[\W_]", "", patient.id.casefold()).lstrip("0")
    if name:
        yield ("name", *name)
    if number:
        yield ("number", number)


def _lead(leads: Mapping[PatientKey, PatientKey], key: PatientKey) -> PatientKey:
    """Follow a key to the one that stands for its person."""
    while leads.get(key, key) != key:
        key = leads[key]
    return key
