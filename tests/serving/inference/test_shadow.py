"""A candidate beside production: it scores after it, holds up nothing, and leaves nothing in memory."""

import gc
import weakref
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bootstrap.signing import SiteKey
from model_registry.shadow_run import Plan, progress_of, register, stop, topic_of
from overread.domain.findings import Label
from overread.domain.identifiers import PersonKey, Site, StudyUid, VersionKey
from overread.domain.shadows import Ending, Progress, Shadow
from overread.domain.studies import Reason, StudyState
from overread.settings.policies import load_policy
from overread.studies.arrivals import arrival_of
from overread.studies.deletion import delete
from overread.studies.intake import receive
from overread.studies.screening import quarantine, release
from serving.inference import batching
from serving.inference.model_slot import LoadedModel
from serving.inference.shadow import QUIET
from serving.wiring import Web, wire
from tests.serving.builders import (
    ClockedServices,
    a_dicom,
    a_version,
    put_in_production,
    set_digest,
)

OLGA = PersonKey("olga")
OPPOSITE = -20.0  # a candidate that calls what production does not


@pytest.fixture
def web(services: ClockedServices) -> Web:
    """The parts of a web process whose threads are not started, version 1 in production, 2 a candidate."""
    made = wire(services, scoring=True)
    put_in_production(services.storage, services.task.name, "1")
    with services.storage.work() as work:
        work.models.add(a_version(services.storage.objects, "2", slope=OPPOSITE))
        work.commit()
    made.slot.follow()
    return made


def _register(web: Web, **changes: Any) -> Shadow:
    stated: dict[str, Any] = {"candidate": VersionKey("2"), "by": OLGA, "why": "does it hold", "studies": 10}
    with web.work() as work:
        shadow = register(
            work,
            Plan(**stated | changes),
            policy=load_policy(web.task.policy),
            task=web.task.name,
            now=web.now(),
        )
        work.commit()
    return shadow


def _arrive(web: Web, *, seed: int = 1, bright: bool = True) -> StudyUid:
    content = a_dicom(seed=seed, bright=bright)
    arrival = arrival_of(content, digest=web.objects.put(content), site=Site("default"), sent_by="dora")
    with web.work() as work:
        receipt = receive(work, arrival, task=web.task, now=web.now())
        work.commit()
    return receipt.study.uid


def _turns(step: Callable[[], bool], most: int = 20) -> int:
    taken = 0
    while taken < most and step():
        taken += 1
    return taken


def _in_shadow(web: Web) -> int:
    """Let a second pass in which production has nothing to do, and take the shadow's turns."""
    assert isinstance(web.services, ClockedServices)
    web.services.clock.ahead += QUIET
    return _turns(web.worker.shadow.turn)


def _predicted(web: Web, *, seed: int = 1, bright: bool = True) -> StudyUid:
    """Let a study arrive and production answer it."""
    uid = _arrive(web, seed=seed, bright=bright)
    _turns(web.worker.turn)
    return uid


def _progress(web: Web, shadow: Shadow) -> Progress:
    with web.look() as work:
        return progress_of(work, shadow)


def _ended(web: Web, shadow: Shadow) -> Ending | None:
    with web.look() as work:
        end = work.shadows.get(shadow.id).end
    return None if end is None else end.how


def test_what_production_answers_after_the_registration_is_scored_and_the_last_one_ends_it(web: Web) -> None:
    _predicted(web, seed=1)
    shadow = _register(web, studies=2)
    uids = [_predicted(web, seed=seed, bright=seed == 2) for seed in (2, 3, 4)]
    assert _progress(web, shadow) == Progress(waiting=2)
    _in_shadow(web)
    assert _ended(web, shadow) is Ending.COMPLETE
    with web.look() as work:
        pairs = {pair.study: pair for pair in work.shadows.pairs(shadow)}
        shown = work.studies.get(uids[0])
        answers = [work.studies.prediction(uid, VersionKey("2")) for uid in uids]
    assert set(pairs) == set(uids[:2])
    bright, dark = pairs[uids[0]], pairs[uids[1]]
    assert (bright.production_label, bright.candidate_label) == (Label.HAS_FINDING, Label.NO_FINDING)
    assert (dark.production_label, dark.candidate_label) == (Label.NO_FINDING, Label.HAS_FINDING)
    assert bright.candidate == pytest.approx(1 - bright.production, abs=1e-5)
    assert shown.label is Label.HAS_FINDING
    assert shown.probability == pytest.approx(bright.production)
    assert answers == [None] * 3


def test_without_a_registration_no_candidate_is_loaded(web: Web) -> None:
    _predicted(web)
    assert not _in_shadow(web)
    assert not web.worker.shadow.loaded


def test_the_candidate_s_graph_goes_when_its_shadow_ends(web: Web) -> None:
    shadow = _register(web)
    _in_shadow(web)
    assert web.worker.shadow.loaded
    session = weakref.ref(web.worker.shadow._model.session)  # type: ignore[union-attr]  # it is loaded
    with web.work() as work:
        stop(work, shadow.id, by=OLGA, reason="a pause", now=web.now())
        work.commit()
    _in_shadow(web)
    gc.collect()
    assert not web.worker.shadow.loaded
    assert session() is None


def test_production_comes_first(web: Web) -> None:
    shadow = _register(web)
    _predicted(web, seed=1)
    _arrive(web, seed=2)
    assert not _in_shadow(web)
    assert _progress(web, shadow) == Progress(waiting=1)
    _turns(web.worker.turn)
    assert not web.worker.shadow.turn()  # within the second another may come
    assert _in_shadow(web) == 2


def test_a_candidate_that_raises_holds_up_nothing_and_is_counted(
    web: Web, services: ClockedServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    shadow = _register(web, studies=2)
    plain = batching.score

    def score(model: LoadedModel, pictures: Any) -> Any:
        if model.version == "2":
            raise RuntimeError("a broken graph")
        return plain(model, pictures)

    monkeypatch.setattr(batching, "score", score)
    uids = []
    for seed in (1, 2):
        uids.append(_predicted(web, seed=seed))
        _in_shadow(web)
    with web.look() as work:
        assert {work.studies.get(uid).state for uid in uids} == {StudyState.PREDICTED}
    for hours in (1, 2, 3):
        services.clock.ahead = timedelta(hours=hours)
        _in_shadow(web)
    assert _progress(web, shadow) == Progress(failed=2)
    assert _ended(web, shadow) is Ending.COMPLETE
    with web.look() as work:
        assert work.shadows.pairs(shadow) == []
    assert 'overread_worker_failures_total{step="shadow"} 6.0' in web.metrics.exposition().decode()


def test_an_error_while_asking_does_not_undo_production_s_answer(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    _register(web)
    monkeypatch.setattr("serving.inference.shadow.enrol", lambda *_, **__: 1 / 0)
    uid = _predicted(web)
    with web.look() as work:
        assert work.studies.get(uid).state is StudyState.PREDICTED


def test_a_package_that_cannot_be_loaded_is_told_and_tried_again_later(
    web: Web, services: ClockedServices
) -> None:
    good = a_version(services.storage.objects, "2", slope=OPPOSITE).digest
    shadow = _register(web)
    set_digest(services.storage, "2", services.storage.objects.put(b"no package"))
    _predicted(web)
    assert not _in_shadow(web)
    assert "version 2" in (web.worker.shadow.failure or "")
    set_digest(services.storage, "2", good)
    assert not _in_shadow(web)  # within the minute
    services.clock.ahead = timedelta(minutes=2)
    _in_shadow(web)
    assert web.worker.shadow.failure is None
    assert _progress(web, shadow) == Progress(answered=1)


def test_another_package_than_the_registered_one_does_not_run(web: Web, services: ClockedServices) -> None:
    _register(web)
    other = services.storage.objects.put(b"somebody else's")
    with services.storage.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE models SET digest = '{other}' WHERE version = '2'")  # noqa: S608
    _in_shadow(web)
    assert "another one than was registered" in (web.worker.shadow.failure or "")


def test_a_study_that_a_killed_process_had_claimed_is_taken_up_by_the_next_one(
    web: Web, services: ClockedServices
) -> None:
    shadow = _register(web)
    _predicted(web)
    with web.work() as work:
        assert work.outbox.claim(topic_of(shadow), now=web.now()) is not None
        work.commit()
    assert not _in_shadow(web)
    again = wire(services, scoring=True)
    again.slot.follow()
    again.worker.start()
    again.worker.stop()
    _in_shadow(again)
    assert _progress(again, shadow) == Progress(answered=1)


def test_a_study_that_is_set_aside_meanwhile_is_not_looked_at(web: Web) -> None:
    shadow = _register(web)
    kept, removed = (_predicted(web, seed=seed) for seed in (1, 2))
    with web.work() as work:
        for uid in (kept, removed):
            quarantine(work, uid, [Reason(code="BURNED_IN", text="text")], now=web.now())
        delete(work, removed, by=OLGA, reason="a name in the picture", now=web.now())
        work.commit()
    _turns(web.worker.turn)
    _in_shadow(web)
    assert _progress(web, shadow) == Progress(failed=1)
    with web.work() as work:  # released, it is production's again, which has answered it already
        release(work, kept, by=OLGA, reason="it is fine", now=web.now())
        work.commit()
    _turns(web.worker.turn)
    assert _progress(web, shadow) == Progress(failed=1)


def test_a_shadow_until_an_instant_ends_without_another_study(web: Web, services: ClockedServices) -> None:
    shadow = _register(web, studies=None, until=web.now() + timedelta(days=7))
    _predicted(web)
    _in_shadow(web)
    assert _ended(web, shadow) is None
    services.clock.ahead = timedelta(days=8)
    assert _in_shadow(web)
    assert _ended(web, shadow) is Ending.COMPLETE
    assert _progress(web, shadow) == Progress(answered=1)


def test_a_package_that_somebody_else_signed_does_not_run(web: Web, services: ClockedServices) -> None:
    with services.storage.work() as work:
        signature = SiteKey(Ed25519PrivateKey.generate()).sign(work.models.get("2").digest)
        work.models.set_signature("2", signature)
        work.commit()
    _register(web)
    _in_shadow(web)
    assert "not signed by this site's key" in (web.worker.shadow.failure or "")
