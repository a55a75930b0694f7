"""What a network takes for the same is near, what is merely of one kind is not."""

import numpy as np

from overread.domain.identifiers import PatientKey, StudyUid
from pipeline.neighbours import ENOUGH, Vectors, neighbours
from tests.builders import uid

RNG = np.random.default_rng(11)
COMMON = 5 + RNG.normal(size=24)  # what all radiographs have in common


def embedded(numbers: range) -> dict[StudyUid, Vectors]:
    return {uid(n): np.asarray(COMMON + RNG.normal(size=24), np.float32) for n in numbers}


def owners(learned: dict[StudyUid, Vectors]) -> dict[StudyUid, PatientKey]:
    return {study: PatientKey(f"p{number}") for number, study in enumerate(learned)}


def test_a_copy_among_strangers_is_the_only_neighbour() -> None:
    learned, tested = embedded(range(600)), embedded(range(1_000, 1_200))
    tested[uid(1_100)] = learned[uid(7)] + RNG.normal(scale=0.05, size=24).astype(np.float32)
    found = neighbours(learned, tested, owners(learned))
    assert found[0] == (uid(7), uid(1_100))
    assert len(found) <= 10  # 600 times 200 pairs, of which one in 50,000 may be as near by chance


def test_follow_ups_of_one_patient_do_not_widen_the_limit() -> None:
    learned = embedded(range(600))
    for number in range(0, 600, 2):  # each patient twice, alike
        learned[uid(number + 1)] = learned[uid(number)]
    whose = {study: PatientKey(f"p{number // 2}") for number, study in enumerate(learned)}
    tested = {uid(1_000): learned[uid(4)] + RNG.normal(scale=0.1, size=24).astype(np.float32)}
    assert {pair[0] for pair in neighbours(learned, tested, whose)} == {uid(4), uid(5)}


def test_too_few_learned_studies_say_nothing() -> None:
    learned = embedded(range(ENOUGH - 1))
    assert neighbours(learned, dict(learned), owners(learned)) == []
    assert neighbours(embedded(range(ENOUGH)), {}, {}) == []
