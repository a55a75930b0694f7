"""The drift check, with Evidently itself."""

import os
import socket
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from monitoring.drift import check
from monitoring.features import Features
from overread.domain.drift import DriftVerdict
from tests.monitoring.builders import simulated_features, some_features

KNOWN = (("A", 0.4), ("B", 0.3), ("C", 0.3))


def measures(verdict: DriftVerdict) -> dict[str, bool]:
    return {measure.column: measure.drifted for measure in verdict.measures}


@pytest.fixture(scope="module")
def reference() -> Features:
    return some_features(200)


@pytest.fixture(scope="module")
def department() -> Features:
    return simulated_features(160, makers=KNOWN, first=0)


def test_two_windows_of_one_department_pass_with_a_report(reference: Features) -> None:
    verdict, html = check(reference, some_features(80, seed=1))
    assert verdict.passed is True
    assert verdict.drifted == ()
    assert verdict.reasons == ()
    assert (verdict.n_reference, verdict.n_current) == (200, 80)
    assert b"<html" in html[:2000]


def test_every_measure_names_its_method_and_shares_the_level(reference: Features) -> None:
    verdict, _ = check(reference, some_features(80, seed=1), level=0.02)
    methods = {measure.column: measure.method for measure in verdict.measures}
    assert len(methods) == 5 + 8 + 1
    assert {methods[name] for name in ("noise", "score", "component_8")} == {"ks"}
    assert methods["maker"] == methods["polarity"] == "contingency-exact"
    assert methods["embedding"] == "mmd"
    assert {measure.threshold for measure in verdict.measures} == {0.02 / 14}


def test_one_column_that_moves_is_enough(reference: Features) -> None:
    verdict, _ = check(reference, some_features(80, seed=1, shift=2.0))
    assert verdict.passed is False
    assert verdict.drifted == ("noise",)


def test_older_patients_are_seen_where_no_picture_shows_it(reference: Features) -> None:
    verdict, _ = check(with_ages(reference, old=0.3), with_ages(some_features(80, seed=1), old=0.6))
    assert verdict.passed is False
    assert verdict.drifted == ("age",)
    same, _ = check(with_ages(reference, old=0.3), with_ages(some_features(80, seed=1), old=0.3))
    assert same.passed is True


def with_ages(features: Features, *, old: float) -> Features:
    """Return the same studies of patients of whom a share `old` is over 60."""
    over = round(old * features.n)
    age = np.array(["60+"] * over + ["40-59"] * (features.n - over))
    return replace(features, categorical={**features.categorical, "age": age})


def test_a_new_maker_in_part_of_the_intake_is_seen_by_its_tag(reference: Features) -> None:
    verdict, _ = check(reference, some_features(80, seed=1, new_maker=0.2))
    assert verdict.passed is False
    assert verdict.drifted == ("maker",)


def test_an_embedding_that_moves_away_is_seen_as_a_whole(reference: Features) -> None:
    verdict, _ = check(reference, some_features(80, seed=1, embedding_shift=2.5))
    assert verdict.passed is False
    assert measures(verdict)["embedding"]


def test_the_same_windows_get_the_same_verdict(reference: Features) -> None:
    current = some_features(80, seed=1, shift=0.5)
    assert all(a == b for a, b in pairwise(check(reference, current)[0] for _ in range(2)))


def test_a_constant_that_changes_is_drift_and_one_that_stays_is_not(reference: Features) -> None:
    current = some_features(80, seed=1)
    moved = replace(current, numeric={**current.numeric, "dark_share": np.full(80, 0.25)})
    verdict, _ = check(reference, moved)
    assert verdict.drifted == ("dark_share",)
    assert not measures(verdict)["polarity"]


def test_without_embeddings_there_are_only_columns(reference: Features) -> None:
    before, now = replace(reference, embeddings=None), replace(some_features(80, seed=1), embeddings=None)
    verdict, _ = check(before, now)
    assert set(measures(verdict)) == set(reference.names)


def test_too_few_studies_are_no_verdict_and_no_report(reference: Features) -> None:
    verdict, html = check(reference, some_features(12), minimum=50)
    assert verdict.passed is None
    assert verdict.measures == ()
    assert verdict.reasons == ("12 current studies, at least 50 are needed",)
    assert html == b""


def test_two_tables_with_other_columns_cannot_be_compared(reference: Features) -> None:
    verdict, _ = check(reference, replace(some_features(80).without("maker"), embeddings=None))
    assert verdict.passed is None
    assert verdict.reasons == ("the columns differ: embedding, maker",)


def test_embeddings_of_another_network_cannot_be_compared(reference: Features) -> None:
    verdict, _ = check(reference, replace(some_features(80), embeddings=np.zeros((80, 7))))
    assert verdict.passed is None
    assert verdict.reasons == ("the columns differ: embedding",)


def test_a_value_that_is_not_finite_is_never_dropped_in_silence(reference: Features) -> None:
    current = some_features(80)
    holed = replace(current, numeric={**current.numeric, "score": np.full(80, np.nan)})
    verdict, _ = check(reference, holed)
    assert verdict.passed is None
    assert verdict.reasons == ("score has values that are not finite",)


def test_an_embedding_with_a_hole_is_no_verdict_either(reference: Features) -> None:
    current = some_features(80)
    assert current.embeddings is not None
    holed = current.embeddings.copy()
    holed[3, 2] = np.nan
    verdict, html = check(reference, replace(current, embeddings=holed))
    assert (verdict.passed, html) == (None, b"")
    assert verdict.reasons == ("embedding has values that are not finite",)


def test_a_window_without_studies_is_no_verdict(reference: Features) -> None:
    verdict, _ = check(reference, some_features(0))
    assert verdict.passed is None
    assert verdict.reasons == ("0 current studies, at least 50 are needed",)


def test_nothing_to_compare_is_no_verdict() -> None:
    verdict, _ = check(Features(n=60), Features(n=60))
    assert verdict.passed is None


def test_a_level_that_no_permutation_can_reach_is_a_mistake(reference: Features) -> None:
    with pytest.raises(ValueError, match="level must lie"):
        check(reference, some_features(80), level=0.0001)


def test_the_check_tells_nobody(reference: Features, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a drift check opened a connection")

    monkeypatch.delenv("DO_NOT_TRACK", raising=False)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert check(reference, some_features(80, seed=1))[0].passed is True
    assert os.environ["DO_NOT_TRACK"] == "1"


@pytest.mark.slow
def test_a_new_scanner_is_stopped_without_its_tags(department: Features) -> None:
    tagless = ("maker", "station", "spacing", "bits", "polarity")
    current = simulated_features(60, makers=(("N", 1.0),), first=5000)
    with_tags, _ = check(department, current)
    assert with_tags.passed is False
    assert "maker" in with_tags.drifted
    verdict, _ = check(department.without(*tagless), current.without(*tagless))
    assert verdict.passed is False
    assert "noise" in verdict.drifted


@pytest.mark.slow
def test_the_known_scanners_pass_and_an_update_behind_unchanged_tags_does_not(department: Features) -> None:
    usual = simulated_features(60, makers=KNOWN, first=7000)
    assert check(department, usual)[0].passed is True
    updated = simulated_features(100, makers=(("A-updated", 0.4), ("B", 0.3), ("C", 0.3)), first=9000)
    verdict, _ = check(department, updated)
    assert verdict.passed is False
    assert not {"maker", "station", "spacing", "bits", "polarity"} & set(verdict.drifted)
