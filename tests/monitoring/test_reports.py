"""Evidently's pages, kept as objects."""

from pathlib import Path

from monitoring.reports import keep_report
from overread.domain.drift import DriftVerdict
from overread.domain.identifiers import Digest
from overread.store.objects import Objects

VERDICT = DriftVerdict(passed=True, n_reference=200, n_current=80, level=0.025, measures=())


def test_a_page_is_stored_and_named_by_its_verdict(tmp_path: Path) -> None:
    objects = Objects(str(tmp_path))
    kept = keep_report(objects, VERDICT, b"<html></html>")
    assert kept.report is not None
    assert objects.get(Digest(kept.report)) == b"<html></html>"


def test_without_a_page_the_verdict_names_none(tmp_path: Path) -> None:
    assert keep_report(Objects(str(tmp_path)), VERDICT, b"") == VERDICT
