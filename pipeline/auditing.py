"""The random audits of one installation: lots are drawn, what they found is watched."""

import hashlib

import numpy as np

from feedback.audits import draw_audits
from monitoring.performance import live_performance
from monitoring.stop_rule import Watched, watch
from overread.store.records import plain
from overread.studies.intake import SPLIT_SALT
from pipeline.audit_results import TELL_AUDITS
from pipeline.services import PipelineServices


def draw(services: PipelineServices, *, seed: int | None = None) -> int:
    """Draw lots for what was reported since the last time; return how many cases were opened.

    Without a seed the installation's own secret decides, so that nobody who reads can know what is drawn.
    """
    with services.storage.work() as work:
        salt = _own_salt(work.people.fact(SPLIT_SALT)) if seed is None else _seeded_salt(seed)
        opened = draw_audits(work, task=services.task, salt=salt, now=services.now())
        work.commit()
    return len(opened)


def watch_audits(services: PipelineServices) -> Watched | None:
    """Apply the stop rule to production's audits, and have MLflow told; None where nothing serves."""
    with services.storage.work() as work:
        seen = watch(work, services.task, now=services.now())
        if seen is not None:
            work.outbox.put(TELL_AUDITS, key=seen.version, at=services.now())
        work.commit()
    return seen


def report_audits(services: PipelineServices) -> dict[str, object]:
    """Apply the stop rule, and return as plain values what the audits say of production so far."""
    seen = watch_audits(services)
    with services.storage.look() as work:
        found = [] if seen is None else live_performance(work, seen.version, months=0)
        automatic = work.text_switches.automatic(services.task.name)
    accuracy = found[0].horvitz_thompson if found else None
    return {
        "sensitivity": None if accuracy is None else plain(accuracy.sensitivity),
        "specificity": None if accuracy is None else plain(accuracy.specificity),
        "missed": plain(found[0].missed) if found else None,
        "nothing_settled_of": ", ".join(found[0].gaps) if found else "any study",
        "normal_text": "on" if automatic else "off",
    }


def _own_salt(secret: str) -> bytes:
    return hashlib.blake2b(f"audits|{secret}".encode(), digest_size=16).digest()


def _seeded_salt(seed: int) -> bytes:
    return np.random.default_rng(seed).bytes(16)
