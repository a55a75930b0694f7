"""The analysis of a reader study is that of the measures on its exported table, or a refusal."""

import csv
import io
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from feedback.reader_analysis import CrossoverAnalysis, IncompleteError, analyse
from feedback.reader_export import COLUMNS, exported
from overread.domain.errors import EvidenceError
from overread.domain.findings import Label
from overread.domain.reader_studies import Arm, CrossoverRead, CrossoverStudy
from overread.measures import (
    auc_interval,
    cohen_kappa,
    fleiss_kappa,
    obuchowski_rockette,
    paired_reader_change,
    wilson,
)
from tests.builders import NOW, a_crossover, a_crossover_read

N = 24
FOUR = ("rita", "remy", "rosa", "sven")


def all_reads(study: CrossoverStudy, *, seed: int = 1) -> list[CrossoverRead]:
    """Return every read of a study by readers who see better with the model, in a shuffled order."""
    rng = np.random.default_rng(seed)
    reads = []
    for reader in study.readers:
        for arm in Arm:
            for case in study.cases:
                signal = (case.truth is Label.HAS_FINDING) * (1.0 if arm is Arm.UNAIDED else 2.0)
                rating = int(np.clip(50 + 20 * (signal - 0.7 + rng.normal()), 0, 100))
                read = a_crossover_read(
                    case.key,
                    reader=reader,
                    arm=arm,
                    rating=rating,
                    label=Label.HAS_FINDING if rating >= 50 else Label.NO_FINDING,
                    seconds=float(rng.uniform(5, 40)),
                    at=NOW + timedelta(days=20 * (arm is Arm.AIDED)),
                )
                reads.append(read)
    return [reads[place] for place in rng.permutation(len(reads))]


def from_table(study: CrossoverStudy, reads: list[CrossoverRead]) -> tuple[Any, Any, Any, Any]:
    """Return truth, calls, ratings and seconds read back from the exported CSV."""
    file = io.StringIO()
    table = csv.writer(file)
    table.writerow(COLUMNS)
    table.writerows(exported(study, reads))
    rows = list(csv.DictReader(io.StringIO(file.getvalue())))
    assert len(rows) == len(reads)
    cases = sorted({row["case"] for row in rows})
    cells = {(row["arm"], row["reader"], row["case"]): row for row in rows}
    readers = list(dict.fromkeys(study.readers))

    def column(name: str) -> list[list[list[str]]]:
        return [
            [[cells[arm, reader, case][name] for case in cases] for reader in readers]
            for arm in ("unaided", "aided")
        ]

    truth = np.array([cells["aided", readers[0], case]["truth"] == "has_finding" for case in cases])
    return (
        truth,
        np.array(column("label")) == "has_finding",
        np.array(column("rating"), float),
        np.array(column("seconds"), float),
    )


@pytest.mark.parametrize("readers", [("rita", "remy"), FOUR])
def test_the_analysis_is_that_of_the_measures_on_the_exported_table(readers: tuple[str, ...]) -> None:
    study = a_crossover(range(1, N + 1), readers)
    reads = all_reads(study)
    truth, calls, ratings, seconds = from_table(study, reads)
    found = analyse(study, reads)
    assert (found.n_cases, found.n_positive, found.interim) == (N, N // 2, False)
    for ours, how in ((found.auc_random, "random"), (found.auc_fixed, "fixed")):
        theirs = obuchowski_rockette(truth, ratings, readers=how)
        assert ours is not None
        assert (ours.estimate, ours.lower, ours.upper, ours.p_value) == pytest.approx(
            (theirs.estimate, theirs.lower, theirs.upper, theirs.p_value)
        )
    for metric, change in found.change.items():
        whole = paired_reader_change(truth, calls[0], calls[1], metric=metric)
        assert (change.estimate, change.lower, change.upper) == pytest.approx(
            (whole.estimate, whole.lower, whole.upper)
        )
    for row, reader in enumerate(readers):
        for place, arm in enumerate(Arm):
            accuracy = found.by_reader[reader][arm]
            hits = int((calls[place, row] & truth).sum())
            assert accuracy.sensitivity == wilson(hits, N // 2)
            assert accuracy.auc.estimate == pytest.approx(auc_interval(truth, ratings[place, row]).estimate)
            right = int((calls[place, row] == truth).sum())
            assert accuracy.accuracy.estimate == right / N
    assert found.kappa is not None
    for place, arm in enumerate(Arm):
        assert found.seconds[arm].median == pytest.approx(np.median(seconds[place]))
        called = calls[place].astype(int)
        kappa = cohen_kappa(*called) if len(readers) == 2 else fleiss_kappa(called.T)
        assert found.kappa[arm].estimate == pytest.approx(kappa.estimate)


def test_before_the_end_nothing_is_told_unless_an_interim_look_is_asked_for() -> None:
    study = a_crossover(range(1, N + 1))
    reads = [
        read for read in all_reads(study) if not (read.case == study.cases[0].key and read.reader == "rosa")
    ]
    with pytest.raises(IncompleteError, match=r"94 of 96 reads are given.*--interim"):
        analyse(study, reads)
    found = analyse(study, reads, interim=True)
    assert (found.interim, found.reads, found.reads_planned, found.n_cases) == (True, 94, 96, N - 1)


def test_an_interim_look_on_a_study_that_is_whole_is_none() -> None:
    study = a_crossover(range(1, N + 1))
    assert not analyse(study, all_reads(study), interim=True).interim


def test_one_arm_alone_compares_nothing() -> None:
    study = a_crossover(range(1, N + 1))
    reads = [read for read in all_reads(study) if read.arm is Arm.UNAIDED]
    with pytest.raises(EvidenceError, match="0 cases are read by every reader in both arms"):
        analyse(study, reads, interim=True)


def test_one_class_of_truth_is_refused() -> None:
    study = a_crossover([1, 3, 5])
    with pytest.raises(EvidenceError, match="3 with a finding"):
        analyse(study, all_reads(study))


def test_of_one_reader_nothing_is_said_of_other_readers() -> None:
    study = a_crossover(range(1, N + 1), ["remy"])
    found = analyse(study, all_reads(study))
    assert (found.auc_random, found.kappa) == (None, None)
    assert found.auc_fixed.n_readers == 1
    assert found.auc_fixed.lower < found.auc_fixed.estimate < found.auc_fixed.upper


def test_reads_without_a_time_leave_the_times_undefined() -> None:
    study = a_crossover(range(1, N + 1))
    found: CrossoverAnalysis = analyse(study, [replace(read, seconds=None) for read in all_reads(study)])
    assert found.seconds[Arm.AIDED].n == 0
    assert np.isnan(found.seconds[Arm.AIDED].median)


def test_no_cell_of_the_table_is_a_formula_or_names_a_study() -> None:
    study = a_crossover(readers=("@remy", "-rosa"))
    rows = list(exported(study, all_reads(study)))
    assert {row[COLUMNS.index("reader")] for row in rows} == {"'@remy", "'-rosa"}
    cells = [str(cell) for row in rows for cell in row]
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))] == []
    assert not {str(case.study) for case in study.cases} & set(cells)
    assert {row[COLUMNS.index("place")] for row in rows} == {1, 2, 3, 4}
