"""Roles, scopes, tokens and passwords."""

import pytest

from overread.domain.errors import ForbiddenError, InputError
from overread.domain.people import (
    MAY,
    Permission,
    Role,
    Scope,
    new_token,
    password_digest,
    password_matches,
    token_digest,
)
from tests.builders import a_person

WRITES = {
    Permission.WRITE_REPORT,
    Permission.GIVE_FEEDBACK,
    Permission.READ_CASE,
    Permission.RESOLVE_CASE,
    Permission.DECIDE,
    Permission.ROLL_BACK,
    Permission.RELEASE,
    Permission.RUN_RETRAININGS,
    Permission.CANCEL_RETRAININGS,
    Permission.MANAGE_PEOPLE,
    Permission.SEND,
}


def test_an_auditor_changes_nothing_and_reads_no_case() -> None:
    assert not MAY[Role.AUDITOR] & WRITES


def test_an_operator_gives_no_feedback_and_takes_no_decision() -> None:
    never = {Permission.GIVE_FEEDBACK, Permission.DECIDE, Permission.READ_CASE, Permission.RESOLVE_CASE}
    assert not MAY[Role.OPERATOR] & never


def test_a_senior_is_a_reader_who_resolves() -> None:
    assert MAY[Role.SENIOR] - MAY[Role.READER] == {Permission.RESOLVE_CASE}
    assert MAY[Role.READER] <= MAY[Role.SENIOR]


def test_only_reviewers_decide_and_only_reviewers_and_operators_roll_back() -> None:
    assert [role for role in Role if Permission.DECIDE in MAY[role]] == [Role.REVIEWER]
    assert [role for role in Role if Permission.ROLL_BACK in MAY[role]] == [Role.REVIEWER, Role.OPERATOR]


def test_a_device_only_sends_and_follows_what_it_sent() -> None:
    assert MAY[Role.DEVICE] == {Permission.SEND, Permission.SEE_OWN_SENT}


def test_a_scope_narrows_and_never_widens() -> None:
    reader = a_person("rita", Role.READER, scope=Scope.FEEDBACK)
    assert reader.may(Permission.GIVE_FEEDBACK)
    assert not reader.may(Permission.WRITE_REPORT)
    assert not a_person("rita", Role.READER, scope=Scope.SEND).may(Permission.SEND)


def test_what_is_not_allowed_says_who_may() -> None:
    with pytest.raises(ForbiddenError, match="reviewer"):
        a_person("rita", Role.READER).must(Permission.DECIDE)
    a_person("ruth", Role.REVIEWER).must(Permission.DECIDE)


def test_every_permission_is_somebodys() -> None:
    assert set(Permission) == set().union(*MAY.values())


def test_a_token_is_kept_as_its_digest_only() -> None:
    token = new_token()
    assert token.startswith("ovr_")
    assert token not in token_digest(token)
    assert new_token() != token


def test_a_password_matches_its_own_digest_only() -> None:
    digest = password_digest("correct horse battery")
    assert password_matches("correct horse battery", digest)
    assert not password_matches("correct horse batterY", digest)
    assert password_digest("correct horse battery") != digest  # salted
    with pytest.raises(InputError, match="at least 12"):
        password_digest("short")


@pytest.mark.parametrize(
    "digest", ["", "scrypt", "scrypt$$", "scrypt$zz$" + "0" * 128, "md5$00$00", "a$b$c$d"]
)
def test_a_malformed_digest_matches_nothing(digest: str) -> None:
    assert not password_matches("correct horse battery", digest)
