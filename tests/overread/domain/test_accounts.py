"""What no operator may do to an account."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from overread.domain.accounts import (
    Account,
    KnownPersonError,
    LastOperatorError,
    OwnAccountError,
    ProgramRoleError,
    SwitchedOffError,
    require_another,
    require_new_role,
    require_operator_left,
)
from overread.domain.identifiers import PersonKey
from overread.domain.people import Role

NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)


def an_account(name: str, role: Role = Role.OPERATOR, **changes: Any) -> Account:
    account = Account(
        key=PersonKey(name),
        role=role,
        has_password=True,
        must_change_password=False,
        one_time_until=None,
        created_at=NOW,
        signed_in_at=None,
        switched_off_at=None,
    )
    return replace(account, **changes)


def test_nobody_acts_on_the_own_account() -> None:
    require_another(PersonKey("rita"), by=PersonKey("olga"))
    with pytest.raises(OwnAccountError, match="another operator"):
        require_another(PersonKey("olga"), by=PersonKey("olga"))


@pytest.mark.parametrize(
    "other",
    [
        an_account("otto", has_password=False),
        an_account("otto", switched_off_at=NOW),
        an_account("otto", Role.AUDITOR),
    ],
)
def test_an_operator_who_cannot_sign_in_does_not_count_as_left(other: Account) -> None:
    olga = an_account("olga")
    with pytest.raises(LastOperatorError, match="olga is the last operator"):
        require_operator_left([olga, other], without=olga.key)
    require_operator_left([olga, other], without=other.key)
    require_operator_left([olga, an_account("otto")], without=olga.key)


def test_a_role_changes_between_people_only_and_to_another_one() -> None:
    rita = an_account("rita", Role.READER)
    require_new_role(rita, Role.SENIOR)
    with pytest.raises(KnownPersonError, match="reader already"):
        require_new_role(rita, Role.READER)
    with pytest.raises(ProgramRoleError):
        require_new_role(rita, Role.DEVICE)
    with pytest.raises(ProgramRoleError):
        require_new_role(an_account("dora", Role.DEVICE), Role.READER)
    with pytest.raises(SwitchedOffError, match="switched off"):
        require_new_role(replace(rita, switched_off_at=NOW), Role.SENIOR)
