"""What the tests of the web process are made from: DICOM files, packages with a known answer, requests."""

import io
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from onnx import TensorProto, helper, numpy_helper
from pydicom import FileDataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid
from sqlalchemy import update

from bootstrap.signing import SiteKey
from bootstrap.storage import Storage
from bootstrap.web import WebServices
from model_registry.packaging import Contract, build_package, open_package
from model_registry.promotion import ask
from overread.domain.drift import DriftMeasure, DriftVerdict
from overread.domain.identifiers import Digest, PersonKey, VersionKey
from overread.domain.models import Lineage, ModelState, ModelVersion
from overread.domain.promotion import PromotionRequest
from overread.store.objects import Objects
from overread.store.tables.models import models
from tests.builders import an_attribution

SIZE = 64
FINDINGS = ("nodule", "effusion")
THRESHOLD = 0.5
HEAVY = 100_000_000
SIDE = 96
SIGNING_KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))  # of the tests' site, known to all
COMPUTED = "1.2.840.10008.5.1.4.1.1.1"


@dataclass
class Clock:
    """A clock that tests move."""

    ahead: timedelta = field(default=timedelta())

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass(frozen=True, kw_only=True)
class ClockedServices(WebServices):
    """The wired services with a clock of the test's own."""

    clock: Clock

    def now(self) -> datetime:
        return self.clock.now()


def a_picture(*, bright: bool, seed: int = 0) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Return a picture with a full range of greys, mostly bright or mostly dark."""
    rng = np.random.default_rng(seed)
    ramp = np.linspace(0, 1, SIDE * SIDE) ** (0.4 if bright else 2.5)
    noise = rng.integers(0, 8, SIDE * SIDE)
    return np.clip(ramp.reshape(SIDE, SIDE) * 245 + noise.reshape(SIDE, SIDE), 0, 255).astype(np.uint8)


def a_dicom(*, bright: bool = True, seed: int = 0, **tags: Any) -> bytes:
    """Return a valid frontal chest radiograph; `tags` replace or, when None, remove elements."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(COMPUTED)
    meta.MediaStorageSOPInstanceUID = UID(str(tags.get("SOPInstanceUID") or generate_uid()))
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    values: dict[str, Any] = {
        "SOPClassUID": COMPUTED,
        "SOPInstanceUID": meta.MediaStorageSOPInstanceUID,
        "StudyInstanceUID": generate_uid(),
        "SeriesInstanceUID": generate_uid(),
        "Modality": "CR",
        "PatientID": f"P{seed}",
        "PatientName": "Doe^Jane",
        "PatientBirthDate": "19700101",
        "PatientSex": "F",
        "StudyDate": "20240102",
        "ViewPosition": "PA",
        "BodyPartExamined": "CHEST",
        "Manufacturer": "Acme",
        "Rows": SIDE,
        "Columns": SIDE,
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "BitsAllocated": 8,
        "BitsStored": 8,
        "HighBit": 7,
        "PixelRepresentation": 0,
        "WindowCenter": 127.5,
        "WindowWidth": 256,
        "PixelData": a_picture(bright=bright, seed=seed).tobytes(),
    } | tags
    for keyword, value in values.items():
        if value is not None:
            setattr(ds, keyword, value)
    file = io.BytesIO()
    ds.save_as(file, enforce_file_format=True)
    return file.getvalue()


def a_contract(name: str = "tiny") -> Contract:
    return Contract(
        name=name,
        architecture="tiny",
        size=SIZE,
        channels=1,
        mean=(0.0,),
        std=(1.0,),
        standardise=False,
        findings=FINDINGS,
        threshold=THRESHOLD,
    )


def a_package(*, slope: float = 20.0, name: str = "tiny") -> bytes:
    """Return a package whose probability is sigmoid(slope * (mean grey / 255 - 0.5))."""
    columns = 1 + len(FINDINGS)

    def constant(label: str, values: Any, kind: Any = np.float32) -> Any:
        return numpy_helper.from_array(np.asarray(values, dtype=kind), label)

    nodes = [
        helper.make_node("Cast", ["pixels"], ["greys"], to=TensorProto.FLOAT),
        helper.make_node("Div", ["greys", "white"], ["shares"]),
        helper.make_node("GlobalAveragePool", ["shares"], ["mean4"]),
        helper.make_node("Flatten", ["mean4"], ["embedding"]),
        helper.make_node("Sub", ["embedding", "half"], ["centred"]),
        helper.make_node("MatMul", ["centred", "slopes"], ["logits"]),
        helper.make_node("Sigmoid", ["logits"], ["probability"]),
        helper.make_node("AveragePool", ["shares"], ["coarse"], kernel_shape=[8, 8], strides=[8, 8]),
        helper.make_node("Squeeze", ["coarse", "channel"], ["map"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["n", 1, SIZE, SIZE])],
        [
            helper.make_tensor_value_info("probability", TensorProto.FLOAT, ["n", columns]),
            helper.make_tensor_value_info("map", TensorProto.FLOAT, ["n", SIZE // 8, SIZE // 8]),
            helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", 1]),
        ],
        [
            constant("white", 255.0),
            constant("half", 0.5),
            constant("slopes", [[slope] * columns]),
            constant("channel", [1], np.int64),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model)
    return build_package(model.SerializeToString(), b"weights", a_contract(name))


def a_heavy_graph() -> bytes:
    """Return the tiny graph with `HEAVY` bytes of weights between a picture's mean and its embedding."""
    model = onnx.load_from_string(open_package(a_package()).onnx)
    nodes = list(model.graph.node)
    at = next(number for number, node in enumerate(nodes) if node.output[0] == "embedding")
    nodes[at].output[0] = "bare"
    through = ("bare", "wide", "mixed", "embedding")
    side = int((HEAVY / 4) ** 0.5)
    weights = {"widen": (1, side), "heavy": (side, side), "narrow": (side, 1)}
    nodes[at + 1 : at + 1] = [
        helper.make_node("MatMul", [taken, by], [made])
        for taken, by, made in zip(through, weights, through[1:], strict=False)
    ]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(
        numpy_helper.from_array(np.full(shape, 1 / side, np.float32), name) for name, shape in weights.items()
    )
    content: bytes = model.SerializeToString()
    return content


def a_version(objects: Objects, version: str, *, slope: float = 20.0) -> ModelVersion:
    """Return a candidate version whose package lies among the objects, signed."""
    digest = objects.put(a_package(slope=slope))
    return ModelVersion(
        version=VersionKey(version),
        name="tiny",
        architecture="tiny",
        image_size=SIZE,
        digest=digest,
        signature=SiteKey(SIGNING_KEY).sign(digest),
        threshold=THRESHOLD,
        state=ModelState.CANDIDATE,
        trained_at=datetime(2024, 1, int(version), tzinfo=UTC),
        lineage=Lineage(dataset_version="d1", parent=None, corrections=0, code="abc", run=f"run-{version}"),
        findings=FINDINGS,
    )


def set_digest(storage: Storage, version: str, digest: str) -> None:
    """Let a version name other bytes than its own, as if its package had been lost; the site signs them."""
    signature = SiteKey(SIGNING_KEY).sign(Digest(digest))
    with storage.engine.begin() as connection:
        changed = update(models).where(models.c.version == version)
        connection.execute(changed.values(digest=digest, signature=signature))


def keep_signing_key(path: Path) -> None:
    """Give a site that is not made yet the tests' key."""
    path.touch(mode=0o600)
    path.write_bytes(SIGNING_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def put_in_production(storage: Storage, task: str, version: str, *, slope: float = 20.0) -> None:
    """Keep a version and let it serve, as if two people had approved it."""
    with storage.work() as work:
        work.models.add(a_version(storage.objects, version, slope=slope))
        work.models.put_in_production(
            task,
            VersionKey(version),
            at=datetime.now(UTC),
            by=("ruth", "rolf"),
            reason="promoted",
            rollback=False,
        )
        work.commit()


def a_drift_verdict(*, passed: bool, report: str | None = None) -> DriftVerdict:
    """Return a verdict on one column."""
    measure = DriftMeasure(
        column="mean_grey", method="ks", statistic=0.1, p_value=0.2, threshold=0.01, drifted=not passed
    )
    found = an_attribution(columns=("mean_grey",))
    return DriftVerdict(
        passed=passed,
        n_reference=300,
        n_current=100,
        level=0.025,
        measures=(measure,),
        report=report,
        attributions=() if passed else (found,),
    )


def a_request(version: str, **changes: Any) -> PromotionRequest:
    """Return an open request that two people may approve."""
    request = PromotionRequest(
        version=VersionKey(version),
        requested_by=PersonKey("flora"),
        created_at=datetime.now(UTC),
        verdict="PROMOTE",
        drift=a_drift_verdict(passed=True),
        comparison={
            "production": "1",
            "anchor": "1",
            "checks": [],
            "by_finding": {},
            "slices": [],
            "flips": {},
        },
        ledger={"look": 1, "looks": 3, "alpha": 0.0167},
        lineage={"dataset_version": "d1"},
    )
    return replace(request, **changes)


def ask_for(storage: Storage, version: str, *, slope: float = 20.0, **changes: Any) -> None:
    """Keep a candidate and the request to promote it."""
    with storage.work() as work:
        work.models.add(a_version(storage.objects, version, slope=slope))
        ask(work, a_request(version, **changes))
        work.commit()
