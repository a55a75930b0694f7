"""Splits by patient, pseudonyms, the chain of the change record, and texts of drafts."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta, timezone

import pytest

from overread.domain.audit import GENESIS, AuditEvent, AuditRow, chain_hash, verify_chain
from overread.domain.datasets import Shares, Split, pseudonym, split_of
from overread.domain.errors import InputError
from overread.domain.findings import Label
from overread.domain.identifiers import PatientKey
from overread.domain.tasks import Task
from tests.builders import NOW

GOLDEN = "te tr tr tr tr tr tu tr tr tu tr tr"  # recorded once; SHA-256 of "salt|patient-N" against .7 and .9


def test_a_patients_split_follows_from_salt_and_key_alone() -> None:
    """Golden: these never change, or patients would cross splits."""
    keys = [PatientKey(f"patient-{number}") for number in range(12)]
    assert [split_of(key, salt="salt", shares=Shares()).value[:2] for key in keys] == GOLDEN.split()


def test_splits_have_their_shares() -> None:
    keys = [PatientKey(f"p{number}") for number in range(20_000)]
    counts = Counter(split_of(key, salt="s", shares=Shares()) for key in keys)
    assert [round(counts[split] / len(keys), 2) for split in Split] == [0.70, 0.20, 0.10]


def test_another_salt_makes_other_splits() -> None:
    keys = [PatientKey(f"p{number}") for number in range(200)]
    one, other = ([split_of(key, salt=salt, shares=Shares()) for key in keys] for salt in ("a", "b"))
    assert one != other


@pytest.mark.parametrize(
    ("train", "tune"), [(0.0, 0.2), (0.7, 0.0), (0.8, 0.2), (1.2, 0.1), (float("nan"), 0.1)]
)
def test_shares_leave_something_for_the_test_set(train: float, tune: float) -> None:
    with pytest.raises(InputError):
        Shares(train=train, tune=tune)


def test_a_pseudonym_hides_the_number_and_tells_issuers_apart() -> None:
    key = pseudonym("12345", issuer="north", salt="salt")
    assert key == pseudonym("12345", issuer="north", salt="salt")
    assert "12345" not in key
    others = {
        pseudonym("12345", issuer="south", salt="salt"),
        pseudonym("12345", issuer="north", salt="other"),
        pseudonym("12346", issuer="north", salt="salt"),
    }
    assert len(others | {key}) == 4


def rows(n: int) -> list[AuditRow]:
    made: list[AuditRow] = []
    previous = GENESIS
    for seq in range(1, n + 1):
        event = AuditEvent(at=NOW, by="rita", action="done", subject=f"thing-{seq}", details={"肺": seq})
        previous = chain_hash(seq, event, previous)
        made.append(
            AuditRow(seq=seq, event=event, previous=made[-1].hash if made else GENESIS, hash=previous)
        )
    return made


def test_a_whole_chain_verifies_and_a_swapped_one_does_not() -> None:
    chain = rows(4)
    state = verify_chain(chain)
    assert (state.ok, state.rows, state.head) == (True, 4, chain[-1].hash)
    assert verify_chain([]).ok
    assert verify_chain([chain[0], chain[2], chain[1], chain[3]]).first_bad == 3
    assert verify_chain(chain[1:]).first_bad == 2
    forged = replace(chain[1], event=replace(chain[1].event, by="eve"))
    assert verify_chain([chain[0], forged, *chain[2:]]).first_bad == 2


def test_a_row_with_a_fresh_hash_breaks_the_next_one() -> None:
    chain = rows(3)
    event = replace(chain[1].event, by="eve")
    forged = replace(chain[1], event=event, hash=chain_hash(2, event, chain[0].hash))
    assert verify_chain([chain[0], forged, chain[2]]).first_bad == 3


def test_the_hash_does_not_depend_on_the_zone_an_instant_is_written_in() -> None:
    event = rows(1)[0].event
    elsewhere = replace(event, at=event.at.astimezone(timezone(timedelta(hours=8))))
    assert chain_hash(1, event, GENESIS) == chain_hash(1, elsewhere, GENESIS)


@pytest.mark.parametrize(("language", "impression"), [("zh", "两肺心膈未见异常。"), ("en", "No abnormality")])
def test_no_finding_drafts_the_whole_normal_report_and_a_finding_nothing(
    task: Task, language: str, impression: str
) -> None:
    text, said = task.draft_text(Label.NO_FINDING, language)
    assert said.startswith(impression)
    assert text.count("。" if language == "zh" else ".") >= 5
    assert task.draft_text(Label.HAS_FINDING, language) == ("", "")
