from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text

from bootstrap.storage import Storage
from overread.domain.corrections import Origin
from overread.domain.errors import UnavailableError
from overread.domain.findings import Label
from overread.domain.identifiers import Digest, PersonKey, Site, StudyUid
from overread.domain.studies import Reason, StudyState
from overread.learning.cache import caches_in, write_cache
from overread.store.outbox import Outbox
from overread.studies import deletion, reporting
from overread.studies.arrivals import arrival_of
from overread.studies.intake import SCREEN, receive
from overread.studies.screening import PREDICT, quarantine, release
from serving.inference import batching
from serving.inference.removal import TOPICS
from serving.wiring import Web, wire
from tests.serving.builders import ClockedServices, a_dicom, put_in_production


@pytest.fixture
def web(services: ClockedServices) -> Web:
    """The parts of a web process whose threads are not started: the test takes the turns."""
    made = wire(services, scoring=True)
    put_in_production(services.storage, services.task.name, "1")
    made.slot.follow()
    return made


def _arrive(web: Web, content: bytes, *, digest: Digest | None = None) -> StudyUid:
    stored = web.objects.put(content)
    arrival = arrival_of(content, digest=digest or stored, site=Site("default"), sent_by="dora")
    with web.work() as work:
        receipt = receive(work, arrival, task=web.task, now=web.now())
        work.commit()
    return receipt.study.uid


def _state(storage: Storage, uid: StudyUid) -> StudyState:
    with storage.look() as work:
        return work.studies.get(uid).state


def _turns(web: Web, most: int = 10) -> None:
    while most and web.worker.turn():
        most -= 1


def test_a_turn_screens_and_scores_what_waits(web: Web, services: ClockedServices) -> None:
    uids = [_arrive(web, a_dicom(seed=seed, bright=seed % 2 == 0)) for seed in range(20)]
    _turns(web)
    assert {_state(services.storage, uid) for uid in uids} == {StudyState.PREDICTED}
    assert not web.worker.turn()
    with services.storage.look() as work:
        bright, dark = (work.studies.prediction(uid) for uid in uids[:2])
        study = work.studies.get(uids[0])
    assert bright is not None
    assert dark is not None
    assert (bright.heatmap is not None, dark.heatmap) == (True, None)
    assert bright.embedding
    assert study.fingerprint is not None
    assert study.outcomes["R01_MODALITY"][0] == "pass"


def test_the_metrics_say_which_version_serves_and_in_which_precision(
    web: Web, services: ClockedServices
) -> None:
    put_in_production(services.storage, services.task.name, "2", slope=30.0)
    web.worker.follow()
    said = web.metrics.exposition().decode()
    assert 'overread_production_info{precision="float32",version="2"} 1.0' in said


def test_bytes_that_are_gone_quarantine_their_study_and_the_others_go_on(
    web: Web, services: ClockedServices
) -> None:
    lost = _arrive(web, a_dicom(seed=1), digest=Digest("0" * 64))
    fine = _arrive(web, a_dicom(seed=2))
    _turns(web)
    assert _state(services.storage, lost) is StudyState.QUARANTINED
    assert _state(services.storage, fine) is StudyState.PREDICTED


def test_what_fails_for_a_while_is_tried_again(
    web: Web, services: ClockedServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    uid = _arrive(web, a_dicom())

    def away(*_: Any) -> None:
        raise UnavailableError("the object store is away")

    with monkeypatch.context() as failing:
        failing.setattr(web.objects, "get", away)
        _turns(web)
        assert _state(services.storage, uid) is StudyState.RECEIVED
    services.clock.ahead = timedelta(minutes=1)
    _turns(web)
    assert _state(services.storage, uid) is StudyState.PREDICTED


def test_what_fails_without_a_known_reason_three_times_is_quarantined(
    web: Web, services: ClockedServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    uid = _arrive(web, a_dicom())
    monkeypatch.setattr(services.decoder.__class__, "decode", lambda *_: 1 / 0)
    for hours in range(4):
        services.clock.ahead = timedelta(hours=hours)
        _turns(web)
    with services.storage.look() as work:
        study = work.studies.get(uid)
    assert study.state is StudyState.QUARANTINED
    assert study.reasons[0].code == "FAILED"


def test_one_picture_that_cannot_be_scored_does_not_hold_up_its_batch(
    web: Web, services: ClockedServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    uids = [_arrive(web, a_dicom(seed=seed)) for seed in range(4)]
    plain = batching.score

    def score(model: Any, pictures: Any) -> Any:
        if len(pictures) > 1:
            raise RuntimeError("one of these breaks the graph")
        return plain(model, pictures)

    monkeypatch.setattr(batching, "score", score)
    _turns(web)
    assert {_state(services.storage, uid) for uid in uids} == {StudyState.PREDICTED}


def test_a_study_without_a_picture_is_excluded(web: Web, services: ClockedServices) -> None:
    report = a_dicom(
        SOPClassUID="1.2.840.10008.5.1.4.1.1.88.33",
        Modality="SR",
        PixelData=None,
        Rows=None,
        Columns=None,
        BitsAllocated=None,
        BitsStored=None,
        HighBit=None,
        PixelRepresentation=None,
        SamplesPerPixel=None,
        PhotometricInterpretation=None,
    )
    uid = _arrive(web, report)
    _turns(web)
    assert _state(services.storage, uid) is StudyState.EXCLUDED


def test_a_released_study_that_still_cannot_be_read_is_quarantined_again(
    web: Web, services: ClockedServices
) -> None:
    uid = _arrive(web, a_dicom(), digest=Digest("0" * 64))
    _turns(web)
    with web.work() as work:
        release(work, uid, by=PersonKey("olga"), reason="look again", now=web.now())
        work.commit()
    _turns(web)
    assert _state(services.storage, uid) is StudyState.QUARANTINED


def test_a_study_set_aside_while_it_waited_is_left_alone(web: Web, services: ClockedServices) -> None:
    uid = _arrive(web, a_dicom())
    with web.work() as work:
        quarantine(work, uid, [Reason(code="BURNED_IN", text="text")], now=web.now())
        work.commit()
    _turns(web)
    assert _state(services.storage, uid) is StudyState.QUARANTINED


def test_what_a_killed_process_had_claimed_is_taken_up_at_the_next_start(
    web: Web, services: ClockedServices
) -> None:
    uid = _arrive(web, a_dicom())
    with web.work() as work:
        assert work.outbox.claim(SCREEN, now=web.now()) is not None
        work.commit()
    _turns(web)
    assert _state(services.storage, uid) is StudyState.RECEIVED
    with web.work() as work:
        work.outbox.revive(SCREEN, now=web.now())
        work.outbox.revive(PREDICT, now=web.now())
        work.commit()
    _turns(web)
    assert _state(services.storage, uid) is StudyState.PREDICTED


def _deleted(web: Web, content: bytes) -> Digest:
    uid = _arrive(web, content)
    with web.work() as work:
        quarantine(work, uid, [Reason(code="BURNED_IN", text="text")], now=web.now())
        deletion.delete(work, uid, by=PersonKey("olga"), reason="a name in the picture", now=web.now())
        (instance,) = work.studies.instances_of(uid)
        work.commit()
    return instance.digest


def test_a_deleted_study_loses_its_bytes_and_the_others_keep_theirs(web: Web) -> None:
    kept = web.objects.put(a_dicom(seed=1))
    lost = [_deleted(web, a_dicom(seed=seed)) for seed in (2, 3)]
    _turns(web)
    assert [web.objects.has(digest) for digest in (kept, *lost)] == [True, False, False]
    assert not web.worker.turn()


def _predicted(web: Web, *, seed: int) -> tuple[StudyUid, Digest]:
    """Send and score a study with a finding; return it and its heatmap."""
    uid = _arrive(web, a_dicom(seed=seed, bright=True))
    _turns(web)
    with web.look() as work:
        prediction = work.studies.prediction(uid)
    assert prediction is not None
    assert prediction.heatmap is not None
    return uid, prediction.heatmap


def _delete(web: Web, uid: StudyUid) -> None:
    with web.work() as work:
        quarantine(work, uid, [Reason(code="BURNED_IN", text="text")], now=web.now())
        deletion.delete(work, uid, by=PersonKey("olga"), reason="a name in the picture", now=web.now())
        work.commit()


def test_a_deleted_study_loses_its_heatmap_unless_another_has_the_same(web: Web) -> None:
    first, shared = _predicted(web, seed=1)
    second, _ = _predicted(web, seed=2)
    with web.services.storage.engine.begin() as connection:
        connection.execute(text("UPDATE predictions SET heatmap = :heatmap"), {"heatmap": shared})
    _delete(web, first)
    _turns(web)
    assert web.objects.has(shared)
    _delete(web, second)
    _turns(web)
    assert not web.objects.has(shared)


def test_a_deleted_study_is_in_no_picture_cache(web: Web) -> None:
    deleted, _ = _predicted(web, seed=1)
    kept, _ = _predicted(web, seed=2)
    place = web.services.settings.caches / "8"
    picture = np.zeros((8, 8), np.uint8)
    write_cache(place, 8, [(deleted, picture), (kept, picture)])
    _delete(web, deleted)
    _turns(web)
    assert [cache.keys for cache in caches_in(place)] == [(kept,)]


def test_a_picture_that_waits_for_its_score_is_forgotten_with_its_study(web: Web) -> None:
    uid = _arrive(web, a_dicom(seed=1))
    web.worker.screening.turn()
    assert len(web.worker.pictures) == 1
    _delete(web, uid)
    _turns(web)
    assert len(web.worker.pictures) == 0


def test_a_removal_cut_short_is_taken_up_by_the_next_process(
    web: Web, services: ClockedServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    uid, heatmap = _predicted(web, seed=1)
    _delete(web, uid)

    def killed(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(Outbox, "done", killed)
        with pytest.raises(KeyboardInterrupt):
            web.worker.turn()
    again = wire(services, scoring=True)
    again.worker.start()
    again.worker.stop()
    _turns(again)
    assert not again.objects.has(heatmap)
    with again.look() as work:
        assert not any(work.outbox.waiting(topic) for topic in TOPICS)


def test_bytes_that_cannot_be_removed_now_are_removed_later(
    web: Web, services: ClockedServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = _deleted(web, a_dicom())

    def away(*_: Any) -> None:
        raise UnavailableError("the object store is away")

    with monkeypatch.context() as failing:
        failing.setattr(web.objects, "remove", away)
        with pytest.raises(UnavailableError):
            web.worker.turn()
    assert web.worker.turn()  # its cached pictures do not wait for that
    assert not web.worker.turn()
    services.clock.ahead = timedelta(minutes=11)
    _turns(web)
    assert not web.objects.has(digest)


def test_a_report_signed_before_the_answer_is_held_against_it(web: Web, services: ClockedServices) -> None:
    """One reader had signed the opposite of what the model then said, another the same."""
    uids = [_arrive(web, a_dicom(seed=seed, bright=True)) for seed in (1, 2)]
    with web.work() as work:
        for uid, label in zip(uids, (Label.NO_FINDING, Label.HAS_FINDING), strict=True):
            draft = reporting.Draft(
                language="en", label=label, findings=(), findings_text="", impression="", sign=True
            )
            report = reporting.current(work, uid, language="en")
            reporting.write(work, report, draft, task=web.task, by=PersonKey("rita"), now=web.now())
        work.commit()
    _turns(web)
    with services.storage.look() as work:
        (filed,) = work.corrections.all()
        case = work.cases.get(filed.case or "")
    assert (filed.study, filed.by, filed.label) == (uids[0], "rita", Label.NO_FINDING)
    assert (filed.origin, filed.answer_shown, case.barred) == (
        Origin.SIGNED_REPORT,
        False,
        frozenset({"rita"}),
    )
