import io

import numpy as np
import psutil
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select, update

from bootstrap.signing import SiteKey
from model_registry.packaging import Quantised, build_package, open_package
from overread.domain.errors import InputError
from overread.domain.findings import Label
from overread.domain.identifiers import Digest
from overread.store.tables.models import models
from serving.inference import batching
from serving.inference.model_slot import LoadedModel, ModelSlot
from tests.serving.builders import (
    FINDINGS,
    HEAVY,
    SIZE,
    ClockedServices,
    a_contract,
    a_heavy_graph,
    a_package,
    a_version,
    put_in_production,
    set_digest,
)


def _slot(services: ClockedServices) -> ModelSlot:
    key = services.settings.signing_key_path
    return ModelSlot(services.storage, task=services.task.name, threads=1, signing_key=key)


def test_before_a_promotion_nothing_serves(services: ClockedServices) -> None:
    slot = _slot(services)
    assert not slot.follow()
    assert slot.current is None
    assert slot.failure is None


def test_the_slot_follows_the_production_row(services: ClockedServices) -> None:
    slot = _slot(services)
    put_in_production(services.storage, services.task.name, "1")
    assert slot.follow()
    assert not slot.follow()
    first = slot.current
    put_in_production(services.storage, services.task.name, "2", slope=30)
    assert slot.follow()
    assert first is not None
    assert slot.current is not None
    assert (first.version, slot.current.version) == ("1", "2")
    assert batching.score(first, [np.full((SIZE, SIZE), 255, np.uint8)])  # a batch in hand is finished


def test_a_broken_package_leaves_the_version_before_it_serving(services: ClockedServices) -> None:
    slot = _slot(services)
    put_in_production(services.storage, services.task.name, "1")
    slot.follow()
    put_in_production(services.storage, services.task.name, "2")
    set_digest(services.storage, "2", services.storage.objects.put(b"no package"))
    assert not slot.follow()
    assert slot.current is not None
    assert slot.current.version == "1"
    assert slot.failure is not None
    assert "version 2" in slot.failure


def test_another_package_than_the_signed_one_does_not_serve(services: ClockedServices) -> None:
    slot = _slot(services)
    put_in_production(services.storage, services.task.name, "1")
    other = services.storage.objects.put(a_package(slope=30))
    with services.storage.engine.begin() as connection:
        connection.execute(update(models).values(digest=other))
    assert not slot.follow()
    assert slot.current is None
    assert "the signature of version 1 is not of its package" in (slot.failure or "")


def test_a_package_signed_by_nobody_or_by_another_site_does_not_serve(services: ClockedServices) -> None:
    slot = _slot(services)
    put_in_production(services.storage, services.task.name, "1")
    for key in (None, SiteKey(Ed25519PrivateKey.generate())):
        with services.storage.engine.begin() as connection:
            digest = Digest(connection.execute(select(models.c.digest)).scalar_one())
            connection.execute(update(models).values(signature=None if key is None else key.sign(digest)))
        assert not slot.follow()
        assert "not signed by this site's key" in (slot.failure or "")


def test_the_same_package_under_another_version_keeps_its_session(services: ClockedServices) -> None:
    slot = _slot(services)
    put_in_production(services.storage, services.task.name, "1")
    slot.follow()
    before = slot.current
    put_in_production(services.storage, services.task.name, "2")
    slot.follow()
    assert before is not None
    assert slot.current is not None
    assert slot.current.session is before.session
    assert slot.current.version == "2"


def test_a_graph_that_is_no_graph_is_refused(services: ClockedServices) -> None:
    version = a_version(services.storage.objects, "1")
    with pytest.raises(InputError, match="cannot be loaded"):
        LoadedModel.load(version, io.BytesIO(build_package(b"not onnx", b"", a_contract())), threads=1)


def test_a_graph_is_held_once(services: ClockedServices) -> None:
    put_in_production(services.storage, services.task.name, "1")
    heavy = services.storage.objects.put(build_package(a_heavy_graph(), b"weights", a_contract()))
    set_digest(services.storage, "1", heavy)
    slot, process = _slot(services), psutil.Process()
    before = process.memory_info().rss
    assert slot.follow()
    assert process.memory_info().rss - before < 1.5 * HEAVY


@pytest.mark.parametrize(("passed", "precision", "slope"), [(True, "int8", 40.0), (False, "float32", 20.0)])
def test_the_graph_in_eight_bits_serves_only_where_it_passed(
    services: ClockedServices, passed: bool, precision: str, slope: float
) -> None:
    floats, ints = (open_package(a_package(slope=slope)).onnx for slope in (20.0, 40.0))
    second = Quantised(graph=ints, verdict={"passed": passed})
    put_in_production(services.storage, services.task.name, "1")
    content = build_package(floats, b"weights", a_contract(), second)
    set_digest(services.storage, "1", services.storage.objects.put(content))
    slot = _slot(services)
    assert slot.follow()
    assert slot.current is not None
    assert slot.current.precision == precision
    (said,) = batching.score(slot.current, [np.full((SIZE, SIZE), 130, np.uint8)])
    assert said.probability == pytest.approx(1 / (1 + np.exp(-slope * (130 / 255 - 0.5))), abs=1e-4)


@pytest.mark.parametrize(("size", "most"), [(16, 8), (192, 8), (512, 4), (1024, 1), (3000, 1)])
def test_of_large_pictures_fewer_go_together(size: int, most: int) -> None:
    assert batching.most_at_once(size) == most


def test_a_batch_answers_as_each_picture_alone_and_at_the_threshold_says_finding(
    services: ClockedServices,
) -> None:
    slot = _slot(services)
    put_in_production(services.storage, services.task.name, "1")
    slot.follow()
    model = slot.current
    assert model is not None
    pictures = [np.full((SIZE, SIZE), grey, np.uint8) for grey in (0, 100, 200, 255)]
    together = batching.score(model, pictures)
    alone = [batching.score(model, [picture])[0] for picture in pictures]
    assert [s.probability for s in together] == pytest.approx([s.probability for s in alone], abs=1e-6)
    assert [s.label for s in together] == [Label.NO_FINDING] * 2 + [Label.HAS_FINDING] * 2
    assert set(together[0].by_finding) == set(FINDINGS)
    assert together[0].map.shape == (SIZE // 8, SIZE // 8)
