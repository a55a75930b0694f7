"""Small true parts: a graph that scores by brightness, test sets with chosen answers, policies and looks."""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import onnx
from numpy.typing import ArrayLike, NDArray
from onnx import TensorProto, helper, numpy_helper

from model_registry.comparison import Contender
from model_registry.packaging import Contract, Quantised, build_package
from model_registry.test_set import TestCase
from overread.domain.datasets import Look
from overread.domain.findings import Label
from overread.domain.identifiers import Digest, FindingCode, PatientKey, StudyUid, VersionKey
from overread.domain.policies import Attribute, Floors, GatePolicy, SliceRule

SIZE = 8
FINDINGS = ("nodule", "effusion")
AT = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)


def a_contract(*, threshold: float = 0.5, findings: tuple[str, ...] = FINDINGS) -> Contract:
    return Contract(
        name="demo",
        architecture="by-brightness",
        size=SIZE,
        channels=1,
        mean=(0.0,),
        std=(1.0,),
        standardise=False,
        findings=findings,
        threshold=threshold,
    )


def a_graph(*, steepness: float = 10.0) -> bytes:
    """Return an ONNX graph with the interface of ours: the brighter the picture, the likelier a finding."""
    pixels = helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["n", 1, SIZE, SIZE])
    outputs = [
        helper.make_tensor_value_info("probability", TensorProto.FLOAT, ["n", 1 + len(FINDINGS)]),
        helper.make_tensor_value_info("map", TensorProto.FLOAT, ["n", SIZE, SIZE]),
        helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", 1]),
    ]
    constants: dict[str, NDArray[np.generic]] = {
        "white": np.array(255, np.float32),
        "places": np.array([2, 3], np.int64),
        "channel": np.array([1], np.int64),
        "slopes": np.full((1, 1 + len(FINDINGS)), steepness, np.float32),
        "shifts": np.full(1 + len(FINDINGS), -steepness / 2, np.float32),
    }
    nodes = [
        helper.make_node("Cast", ["pixels"], ["grey"], to=TensorProto.FLOAT),
        helper.make_node("Div", ["grey", "white"], ["light"]),
        helper.make_node("ReduceMean", ["light", "places"], ["embedding"], keepdims=0),
        helper.make_node("Gemm", ["embedding", "slopes", "shifts"], ["logits"]),
        helper.make_node("Sigmoid", ["logits"], ["probability"]),
        helper.make_node("Squeeze", ["light", "channel"], ["map"]),
    ]
    graph = helper.make_graph(
        nodes,
        "by-brightness",
        [pixels],
        outputs,
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content


def a_package(*, threshold: float = 0.5, steepness: float = 10.0) -> bytes:
    return build_package(a_graph(steepness=steepness), b"weights", a_contract(threshold=threshold))


def a_quantised_package(*, passed: bool, steepness: float = 10.0) -> bytes:
    """Return the package of `a_package` with a second graph half as steep, so that one sees which answers."""
    second = Quantised(graph=a_graph(steepness=steepness / 2), verdict={"passed": passed, "reasons": []})
    return build_package(a_graph(steepness=steepness), b"weights", a_contract(), second)


def pictures(greys: Sequence[int]) -> NDArray[np.uint8]:
    """Return one even picture for each grey."""
    return np.repeat(np.array(greys, np.uint8), SIZE * SIZE).reshape(-1, SIZE, SIZE)


def a_case(
    number: int, *, positive: bool, findings: tuple[str, ...] = (), patient: int | None = None
) -> TestCase:
    return TestCase(
        study=StudyUid(f"1.2.3.{number}"),
        patient=PatientKey(f"p{number if patient is None else patient}"),
        label=Label.HAS_FINDING if positive else Label.NO_FINDING,
        findings=tuple(FindingCode(code) for code in findings),
        maker="ABC"[number % 3],
        sex="MF"[number % 2],
        age=20 + number % 60,
    )


def some_cases(n_positive: int, n_negative: int) -> list[TestCase]:
    """Return positives, which show nodules and effusions in turn, then negatives; one film a patient."""
    positives = [
        a_case(number, positive=True, findings=(FINDINGS[number % 2],)) for number in range(n_positive)
    ]
    return positives + [a_case(n_positive + number, positive=False) for number in range(n_negative)]


def answering(
    cases: Sequence[TestCase], *, misses: int, false_alarms: int, shift: int = 0, spread: float = 0.2
) -> NDArray[np.float32]:
    """Return scores that at 0.5 miss some positives and raise alarms on some negatives, counted from `shift`.

    Right answers are sure, wrong ones are near the threshold.
    """
    truth = np.array([case.positive for case in cases])
    scores = np.where(truth, 0.5 + spread, 0.5 - spread)
    scores[np.flatnonzero(truth)[shift : shift + misses]] = 0.45
    scores[np.flatnonzero(~truth)[shift : shift + false_alarms]] = 0.55
    return scores.astype(np.float32)


def a_contender(version: str, scores: ArrayLike, *, threshold: float = 0.5) -> Contender:
    return Contender(
        version=VersionKey(version),
        digest=Digest(version.encode().hex().rjust(64, "0")),
        threshold=threshold,
        scores=np.asarray(scores, np.float32),
    )


def a_policy(*, looks: int = 5, critical: tuple[str, ...] = (), slices: bool = True) -> GatePolicy:
    return GatePolicy(
        name="toy",
        looks=looks,
        floors=Floors(sensitivity=0.6, specificity=0.6, auc=0.7),
        critical=tuple(FindingCode(code) for code in critical),
        slices=(
            SliceRule(attribute=Attribute.MAKER),
            SliceRule(attribute=Attribute.SEX),
            SliceRule(attribute=Attribute.AGE, at_least=60),
        )
        if slices
        else (),
    )


def a_look(
    *, candidate: str = "2", production: str | None = "1", number: int = 1, alpha: float = 0.005
) -> Look:
    return Look(
        id="look-of-the-gate-0001",
        test_set="T",
        look=number,
        alpha=alpha,
        candidate=VersionKey(candidate),
        production=None if production is None else VersionKey(production),
        by="overread",
        at=AT,
        why="retraining",
    )
