"""What of the chain leaves the site, and that what is left out still has its place."""

from dataclasses import replace

import pytest

from overread.domain.audit import (
    GENESIS,
    AuditEvent,
    AuditRow,
    WithheldRow,
    chain_hash,
    handed_over,
    verify_chain,
)
from tests.builders import NOW, uid

MODEL = AuditEvent(
    at=NOW, by="ruth", action="promotion-reviewed", subject="review-1", details={"version": "2"}
)
STUDY = AuditEvent(at=NOW, by="dora", action="instance-received", subject=str(uid()), study=str(uid()))


def chained(*events: AuditEvent) -> list[AuditRow]:
    rows, previous = [], GENESIS
    for seq, event in enumerate(events, start=1):
        rows.append(AuditRow(seq=seq, event=event, previous=previous, hash=chain_hash(seq, event, previous)))
        previous = rows[-1].hash
    return rows


@pytest.mark.parametrize(
    "event",
    [
        STUDY,
        replace(MODEL, action="alert-resolved"),
        replace(MODEL, action="some-later-action"),
        replace(MODEL, action="dataset-built", details={"left_out": [{"study": "1.2.840.113619.2.1"}]}),
        replace(MODEL, subject="2.25.87123768888368393815477766705068614038"),
    ],
)
def test_a_row_that_names_a_study_or_is_not_about_a_model_goes_by_its_hash(event: AuditEvent) -> None:
    (row,) = chained(event)
    assert handed_over(row) == WithheldRow(seq=1, hash=row.hash)


def test_a_row_about_a_model_goes_whole() -> None:
    (row,) = chained(replace(MODEL, details={"version": "2", "code": "0.1.0+2ec3c1dd7fcf", "alpha": 0.005}))
    assert handed_over(row) is row


def test_withheld_rows_keep_their_place_and_bind_what_follows() -> None:
    whole = chained(MODEL, STUDY, STUDY, MODEL)
    rows = [handed_over(row) for row in whole]
    state = verify_chain(rows)
    assert (state.ok, state.rows, state.withheld, state.head) == (True, 4, 2, whole[-1].hash)
    forged = [*rows[:2], WithheldRow(seq=3, hash="f" * 64), rows[3]]
    assert verify_chain(forged).first_bad == 4
    assert verify_chain([rows[0], *rows[2:]]).first_bad == 3


def test_a_chain_goes_on_from_a_row_that_is_known() -> None:
    whole = chained(MODEL, STUDY, MODEL)
    state = verify_chain(whole[1:], after=1, previous=whole[0].hash)
    assert (state.ok, state.rows, state.head) == (True, 3, whole[2].hash)
    assert verify_chain(whole[1:], after=1, previous=GENESIS).first_bad == 2
