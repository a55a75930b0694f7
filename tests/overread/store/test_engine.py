"""Migrations, and what a unit of work promises on both databases."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from bootstrap.storage import Storage
from overread.domain.errors import ConfigurationError, NotFoundError
from overread.domain.identifiers import PersonKey, VersionKey
from overread.domain.people import Role
from overread.domain.studies import Acquisition
from overread.store.engine import (
    Engine,
    _alembic,
    migrate,
    newest,
    open_engine,
    require_current,
    revision,
)
from overread.store.readings import Tally
from overread.store.tables.catalogue import metadata
from overread.store.unit_of_work import UnitOfWork
from tests.builders import NOW, a_case, a_correction, a_label, a_prediction, keep_predicted


def test_migrations_make_the_very_tables_the_stores_use(engine: Engine) -> None:
    with engine.connect().execution_options(reading=True) as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_migrations_go_down_and_up_again_over_data(engine: Engine, storage: Storage) -> None:
    with storage.work() as work:
        keep_predicted(work)
        work.cases.add(a_case(barred=frozenset({PersonKey("rita")})))
        work.corrections.add(a_correction(case="case-0001"))
        work.labels.add(a_label())
        work.commit()
    command.downgrade(_alembic(engine), "base")
    assert revision(engine) is None
    with engine.connect().execution_options(reading=True) as connection:
        assert set(inspect(connection).get_table_names()) <= {"alembic_version"}
    assert migrate(engine) == newest()
    with UnitOfWork(engine) as work:
        keep_predicted(work)
        assert work.corrections.all() == []


def test_first_answers_from_before_they_stood_by_themselves_are_counted(
    engine: Engine, storage: Storage
) -> None:
    with storage.work() as work:
        header = Acquisition(manufacturer="Acme", station="DX-1")
        arrived = NOW - timedelta(seconds=90)
        keep_predicted(work, probability=0.25, acquisition=header, received_at=arrived)
        later = a_prediction(probability=0.75, model_version=VersionKey("0"), made_at=NOW + timedelta(days=1))
        work.studies.add_prediction(later)
        work.commit()
    command.downgrade(_alembic(engine), "0015")
    assert migrate(engine) == newest()
    with UnitOfWork(engine, reading=True) as work:
        assert work.readings.by_scanner(NOW) == {("Acme", "", "DX-1"): Tally(1, 0)}
        assert work.readings.last() == NOW
        assert work.readings.waits(NOW) == pytest.approx((90, 90), abs=0.001)


def test_alerts_from_before_they_could_be_resolved_are_kept_both_ways(engine: Engine) -> None:
    command.downgrade(_alembic(engine), "0001")
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO alerts (id, kind, urgency, raised_at, facts) "
                "VALUES ('a1', 'drift', 'warning', '2026-03-01 08:00:00', '{}')"
            )
        )
    assert migrate(engine) == newest()
    with UnitOfWork(engine) as work:
        (kept,) = work.monitoring.alerts(unresolved=True)
        assert (kept.id, kept.resolved_by, kept.resolution) == ("a1", None, "")
        work.monitoring.save_alert(kept.resolved(by=PersonKey("olga"), reason="repaired", at=NOW))
        work.commit()
    command.downgrade(_alembic(engine), "0001")
    assert migrate(engine) == newest()
    with UnitOfWork(engine, reading=True) as work:
        (over,) = work.monitoring.alerts()
    assert (over.resolved_at, over.resolved_by, over.resolution) == (NOW, None, "")


def test_alerts_that_were_resolved_before_are_news_again_as_they_were(engine: Engine) -> None:
    command.downgrade(_alembic(engine), "0018")
    with engine.begin() as connection:
        for name, end in (("open", "NULL"), ("over", "'2026-03-01 09:00:00.000000'")):
            connection.execute(
                text(
                    "INSERT INTO alerts (id, kind, urgency, raised_at, facts, resolved_at) "  # noqa: S608 - ours
                    f"VALUES ('{name}', 'drift', 'warning', '2026-03-01 08:00:00.000000', '{{}}', {end})"
                )
            )
    assert migrate(engine) == newest()
    with UnitOfWork(engine, reading=True) as work:
        assert [alert.id for alert in work.monitoring.alerts_not_gone("drift")] == ["open"]
        assert work.monitoring.alert("over").gone_at == work.monitoring.alert("over").resolved_at


def test_migrating_a_current_schema_changes_nothing(engine: Engine, storage: Storage) -> None:
    with storage.work() as work:
        keep_predicted(work)
        work.commit()
    assert migrate(engine) == revision(engine)
    with storage.look() as work:
        assert len(work.studies.all()) == 1


def test_the_newest_revision_is_the_head_that_alembic_finds(engine: Engine) -> None:
    assert newest() == ScriptDirectory.from_config(_alembic(engine)).get_current_head()
    assert newest() == revision(engine)


def test_an_empty_database_is_refused_and_the_command_named(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(ConfigurationError, match="run `overread init`"):
        require_current(engine)
    engine.dispose()


def test_what_is_not_committed_is_undone(storage: Storage) -> None:
    with storage.work() as work:
        keep_predicted(work)
    with storage.look() as work, pytest.raises(NotFoundError):
        work.corrections.get("correction-1-rita")
    with storage.look() as work:
        assert work.studies.all() == []


def test_a_reading_unit_cannot_write(storage: Storage) -> None:
    with storage.look() as work, pytest.raises(DBAPIError):
        work.people.add(PersonKey("rita"), Role.READER, password=None, at=NOW)
    with storage.work() as work:  # and the connection it used can write again
        work.people.add(PersonKey("rita"), Role.READER, password=None, at=NOW)
        work.commit()


def test_a_reading_unit_never_waits_for_a_writer_and_sees_one_state(storage: Storage) -> None:
    with storage.look() as before:
        assert before.people.all() == []
        with storage.work() as writer:
            writer.people.add(PersonKey("rita"), Role.READER, password=None, at=NOW)
            with storage.look() as meanwhile:  # the writer holds its lock here
                assert meanwhile.people.all() == []
            writer.commit()
        assert before.people.all() == []
    with storage.look() as after:
        assert [person.key for person in after.people.all()] == ["rita"]


def test_readers_find_a_connection_while_many_writers_wait(storage: Storage) -> None:
    with storage.work() as first:
        writers = [threading.Thread(target=_take_and_leave, args=(storage,)) for _ in range(12)]
        for writer in writers:
            writer.start()
        with storage.look() as reader:
            assert reader.people.all() == []
        first.commit()
    for writer in writers:
        writer.join()


def _take_and_leave(storage: Storage) -> None:
    with storage.work() as work:
        work.commit()


def test_a_rule_that_reads_before_it_writes_holds_against_another_writer(storage: Storage) -> None:
    """Of many who each add the first person, one does."""
    added: list[bool] = []

    def add(name: str) -> None:
        with storage.work() as work:
            first = not work.people.all()
            if first:
                work.people.add(PersonKey(name), Role.READER, password=None, at=NOW)
            work.commit()
        added.append(first)

    threads = [threading.Thread(target=add, args=(f"person-{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(added) == [False] * 7 + [True]
