"""Evidently's pages, kept as objects and named by the verdict they belong to."""

from dataclasses import replace

from overread.domain.drift import DriftVerdict
from overread.store.objects import Objects


def keep_report(objects: Objects, verdict: DriftVerdict, html: bytes) -> DriftVerdict:
    """Store the page and return the verdict with its digest; without a page, the verdict as it is."""
    return replace(verdict, report=str(objects.put(html))) if html else verdict
