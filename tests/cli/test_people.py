"""`init`, `user add` and `token new`: the first operator, people and programs."""

import json

from tests.commands import Overread


def test_init_says_what_it_made_and_again_that_nothing_changed(overread: Overread) -> None:
    made = json.loads(overread("init", "--json").stdout)
    assert set(made) == {"data_dir", "revision", "created", "operator"}
    assert made["data_dir"] == str(overread.data)
    assert made["created"] is True
    assert made["operator"]["name"] == "operator"
    assert len(made["operator"]["password"]) >= 12
    secrets = [(overread.data / name).read_bytes() for name in ("secret", "signing.key")]
    again = overread("init", "--json")
    assert again.returncode == 0
    assert json.loads(again.stdout) == {**made, "created": False, "operator": None}
    assert secrets == [(overread.data / name).read_bytes() for name in ("secret", "signing.key")]
    assert all((overread.data / name).stat().st_mode & 0o777 == 0o600 for name in ("secret", "signing.key"))


def test_a_token_stands_alone_on_its_line_or_in_its_shape(installed: Overread) -> None:
    plain = installed("token", "new", "sue", "--role", "device", "--only", "send")
    assert plain.returncode == 0
    (line,) = plain.stdout.splitlines()
    assert line.startswith("ovr_")
    made = json.loads(installed("token", "new", "sue", "--role", "device", "--days", "3", "--json").stdout)
    assert set(made) == {"name", "role", "token", "expires_at"}
    assert (made["name"], made["role"]) == ("sue", "device")
    assert made["expires_at"].endswith("Z")
    assert made["token"] != line
    other = installed("token", "new", "sue", "--role", "reader")
    assert other.returncode == 1
    assert "sue is known as device" in other.stderr


def test_a_person_known_by_a_token_can_be_let_in_and_only_once(installed: Overread) -> None:
    installed("token", "new", "ann", "--role", "reader")
    added = json.loads(installed("user", "add", "ann", "--role", "reader", "--json").stdout)
    assert len(added["password"]) >= 12
    again = installed("user", "add", "ann", "--role", "reader")
    assert again.returncode == 1
    assert "ann is known already" in again.stderr
    assert "overread user reset ann" in again.stderr
    reset = json.loads(installed("user", "reset", "ann", "--json").stdout)
    assert set(reset) == {"name", "password"}
    assert len(reset["password"]) >= 12
    assert reset["password"] != added["password"]
    record = json.loads(installed("audit", "verify", "--json").stdout)
    assert (record["ok"], record["rows"]) == (True, 4)
    unknown = installed("user", "reset", "bob")
    assert (unknown.returncode, unknown.stderr) == (1, "overread: there is nobody of the name bob\n")
