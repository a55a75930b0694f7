"""Which studies a refreshed test set holds: of new patients of the test split, and of a few old ones."""

import hashlib
from collections.abc import Sequence, Set
from dataclasses import dataclass

from model_registry.test_set import TestCase
from overread.domain.errors import EvidenceError
from overread.domain.identifiers import PatientKey, StudyUid
from overread.domain.policies import GatePolicy


class TooFewNewPatientsError(EvidenceError):
    """Too few new patients of the test split are labelled for a test set that mostly nobody has asked."""

    code = "too-few-new-patients"

    def __init__(self, missing_positive: int, missing_negative: int) -> None:
        super().__init__(
            f"the test set cannot be refreshed yet: {missing_positive} more new patients with a finding and "
            f"{missing_negative} more without are needed; import labelled studies (patients come into the "
            "test split by themselves)"
        )
        self.missing_positive = missing_positive
        self.missing_negative = missing_negative


@dataclass(frozen=True, kw_only=True, slots=True)
class Refreshed:
    """The cases of a refreshed test set: of new patients, of old ones, and those whose label has changed."""

    cases: tuple[TestCase, ...]
    new: int
    kept: int
    relabelled: tuple[StudyUid, ...]


def refreshed(
    old: Sequence[TestCase],
    labelled: Sequence[TestCase],
    *,
    used: Set[PatientKey],
    policy: GatePolicy,
    salt: str,
) -> Refreshed:
    """Return all new patients' studies and those of the policy's share of old patients.

    Parameters
    ----------
    old : of TestCase
        What the test set holds that is refreshed.
    labelled : of TestCase
        Every study of the test split that may test, labelled as it is now.
    used : of PatientKey
        Patients of any test set before: none of them is new.
    policy : GatePolicy
        Its minimum of each class must be reached by new patients alone.
    salt : str
        Decides, with nothing else, which old patients stay.

    Raises
    ------
    TooFewNewPatientsError
        With how many patients of each class are missing.
    """
    fresh = [case for case in labelled if case.patient not in used]
    with_finding = {case.patient for case in fresh if case.positive}
    without = {case.patient for case in fresh if not case.positive}
    missing = (policy.min_positive - len(with_finding), policy.min_negative - len(without))
    if max(missing) > 0:
        raise TooFewNewPatientsError(max(missing[0], 0), max(missing[1], 0))
    staying = _staying({case.patient for case in old}, policy.test_set.overlap, salt)
    before = {case.study: case for case in old}
    kept = [case for case in labelled if case.patient in staying and case.study in before]
    return Refreshed(
        cases=(*fresh, *kept),
        new=len(fresh),
        kept=len(kept),
        relabelled=tuple(case.study for case in kept if case.label is not before[case.study].label),
    )


def _staying(patients: Set[PatientKey], share: float, salt: str) -> set[PatientKey]:
    """Choose a share of the patients by a hash that no score and no label enters."""
    ranked = sorted(patients, key=lambda patient: hashlib.sha256(f"{salt}|{patient}".encode()).digest())
    return set(ranked[: round(share * len(ranked))])
