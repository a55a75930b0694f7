"""A person's account as operators see it, and what no operator may do to one."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from overread.domain.errors import ConflictError, RuleError
from overread.domain.identifiers import PersonKey
from overread.domain.people import Role

ROLES_OF_PEOPLE = tuple(role for role in Role if role is not Role.DEVICE)


class OwnAccountError(RuleError):
    """An operator would do to the own account what another operator must do."""

    code = "own-account"

    def __init__(self, person: PersonKey) -> None:
        super().__init__(f"{person} cannot do this to the own account; ask another operator")


class LastOperatorError(RuleError):
    """Nobody would be left who can manage people."""

    code = "last-operator"

    def __init__(self, person: PersonKey) -> None:
        super().__init__(f"{person} is the last operator who can sign in; add another operator first")


class SwitchedOffError(ConflictError):
    """The account is switched off, and this is for those that are not."""

    code = "switched-off"

    def __init__(self, person: PersonKey) -> None:
        super().__init__(f"{person} is switched off; an operator switches the account on again at /people")


class NoPasswordError(ConflictError):
    """The account has tokens alone, so it has no password to reset."""

    code = "no-password"

    def __init__(self, person: PersonKey, role: Role) -> None:
        super().__init__(
            f"{person} does not sign in with a password; use `overread user add {person} --role {role}`"
        )


class KnownPersonError(ConflictError):
    """The name stands for somebody already."""

    code = "known-person"


class ProgramRoleError(RuleError):
    """A person would become a program, or a program a person."""

    code = "program-role"

    def __init__(self) -> None:
        super().__init__("a program stays a program and a person a person; use another name")


ONE_TIME_LASTS = timedelta(days=7)  # of a password that somebody was given


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """What operators and auditors see of a person or program: never a digest."""

    key: PersonKey
    role: Role
    has_password: bool
    must_change_password: bool
    one_time_until: datetime | None
    created_at: datetime
    signed_in_at: datetime | None
    switched_off_at: datetime | None

    @property
    def signs_in(self) -> bool:
        """Say whether a password opens this account."""
        return self.has_password and self.switched_off_at is None

    def one_time_ended(self, now: datetime) -> bool:
        """Say whether the password was given to be changed, and nobody did in time."""
        return self.must_change_password and self.one_time_until is not None and self.one_time_until <= now

    def require_on(self) -> None:
        """Raise `SwitchedOffError` while the account is off."""
        if self.switched_off_at is not None:
            raise SwitchedOffError(self.key)


def require_another(person: PersonKey, *, by: PersonKey) -> None:
    """Raise `OwnAccountError` where somebody acts on the own account."""
    if person == by:
        raise OwnAccountError(person)


def require_operator_left(accounts: Iterable[Account], *, without: PersonKey) -> None:
    """Raise `LastOperatorError` unless an operator who can sign in is left without this one."""
    operators = {each.key for each in accounts if each.role is Role.OPERATOR and each.signs_in}
    if operators == {without}:
        raise LastOperatorError(without)


def require_new_role(account: Account, role: Role) -> None:
    """Raise unless this account may be given this role."""
    account.require_on()
    if Role.DEVICE in {account.role, role}:
        raise ProgramRoleError
    if account.role is role:
        raise KnownPersonError(f"{account.key} is {role} already")
