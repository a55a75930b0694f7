"""The audits of an installation: drawn by its own secret, watched, and told in a few numbers."""

import hashlib

import numpy as np
import pytest

from overread.domain.findings import Label
from pipeline.auditing import draw, report_audits, watch_audits
from pipeline.services import PipelineServices
from tests.builders import NOW, a_label, uid
from tests.feedback.test_audits import reported
from tests.monitoring.test_stop_rule import DAY, produce

STUDIES = 300


def test_a_seed_gives_the_draw_that_it_names_and_the_secret_another(empty: PipelineServices) -> None:
    with empty.storage.work() as work:
        for number in range(STUDIES):
            reported(work, number)
        work.commit()
    key, share = np.random.default_rng(4).bytes(16), empty.task.audit.cleared
    places = {
        uid(n): hashlib.blake2b(uid(n).encode(), key=key, digest_size=8).digest() for n in range(STUDIES)
    }
    expected = {study for study, place in places.items() if int.from_bytes(place, "big") < share * 2**64}
    with empty.storage.work() as work:
        before = work.lots.all()
    assert (before, draw(empty, seed=4)) == ([], len(expected))
    with empty.storage.look() as work:
        assert {lot.study for lot in work.lots.all() if lot.drawn} == expected
    assert draw(empty) == 0  # everything has its lot


def test_two_installations_draw_by_secrets_of_their_own(empty: PipelineServices) -> None:
    with empty.storage.work() as work:
        for number in range(STUDIES):
            reported(work, number)
        work.commit()
    assert draw(empty) > 0
    with empty.storage.look() as work:
        own = {lot.study for lot in work.lots.all() if lot.drawn}
    with empty.storage.work() as work:
        work.lots._connection.exec_driver_sql("DELETE FROM audit_lots")
        work.lots._connection.exec_driver_sql("DELETE FROM case_barred")
        work.lots._connection.exec_driver_sql("DELETE FROM cases")
        work.lots._connection.exec_driver_sql("UPDATE installation SET value = 'x' WHERE name = 'split-salt'")
        work.commit()
    draw(empty)
    with empty.storage.look() as work:
        assert {lot.study for lot in work.lots.all() if lot.drawn} != own


def test_where_nothing_serves_there_is_nothing_to_watch_or_tell(empty: PipelineServices) -> None:
    assert watch_audits(empty) is None
    assert report_audits(empty) == {
        "sensitivity": None,
        "specificity": None,
        "missed": None,
        "nothing_settled_of": "any study",
        "normal_text": "on",
    }


def test_what_was_found_is_told_and_stops_the_text(empty: PipelineServices) -> None:
    with empty.storage.work() as work:
        produce(work, empty.task, at=NOW - DAY)
        for number in range(400):
            reported(work, number, called=Label.HAS_FINDING if number % 4 == 0 else Label.NO_FINDING)
        work.commit()
    opened = draw(empty, seed=1)
    assert opened > 3
    with empty.storage.work() as work:
        for lot in work.lots.all():
            if lot.case is not None:
                found = a_label(0, id=lot.case, study=lot.study, case=lot.case, label=Label.HAS_FINDING)
                work.labels.add(found)
        work.commit()
    told = report_audits(empty)
    assert told["normal_text"] == "off"
    sensitivity = told["sensitivity"]
    assert isinstance(sensitivity, dict)
    missed = opened / empty.task.audit.cleared  # each audit stands for as many as its share says
    assert sensitivity["estimate"] == pytest.approx(100 / (100 + missed))
    with empty.storage.look() as work:
        (alert,) = work.monitoring.alerts(unresolved=True)
    assert alert.kind == "normal-text-off"
