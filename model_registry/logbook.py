"""What is written into a run: a training as ordered and as it went, an evaluation, a comparison."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from model_registry.evaluation import Evaluation
from model_registry.gate import Judgement
from model_registry.reasons import Teller
from model_registry.recording import Json, recorded
from model_registry.tracking import Record, environment
from overread.domain.datasets import DatasetVersion, Look, TestSet
from overread.domain.estimates import Estimate
from overread.wording.catalogue import catalogue


def log_order(
    record: Record, order: Mapping[str, object], *, dataset: DatasetVersion, seed: int, code: str
) -> None:
    """Keep what a training is about to do: recipe (nested tables flattened), data, seed, code, libraries."""
    record.params({**flat(order), "seed": seed})
    record.tags({"overread.code": code, **{f"environment.{k}": v for k, v in environment().items()}})
    record.dataset(dataset)


def log_history(record: Record, history: Sequence[Mapping[str, float | str]], *, at: datetime) -> None:
    """Keep the curve of a training: one point for each leg, a pass over the studies or 16,000 patches."""
    for step, leg in enumerate(history, start=1):
        stage = leg.get("stage", "training")
        numbers = {f"{stage}.{name}": float(value) for name, value in leg.items() if name != "stage"}
        record.metrics(numbers, step=step, at=at)


def log_evaluation(record: Record, part: str, evaluation: Evaluation, *, at: datetime) -> None:
    """Keep an evaluation as numbers to sort by, and whole as a table; `part` is who was evaluated."""
    record.metrics({f"{part}.{name}": value for name, value in _numbers(evaluation).items()}, at=at)
    record.table(f"{part}.json", recorded(evaluation))


def log_judgement(
    record: Record, judgement: Judgement, *, look: Look, test_set: TestSet, at: datetime
) -> None:
    """Keep a comparison in one run: everybody's numbers side by side, differences, limits and the verdict.

    Flips are counted here and listed in our own database only: MLflow learns of no single study.
    """
    policy = {name: judgement.record[name] for name in ("policy", "policy_version")}
    record.params({**policy, "look": look.look, "alpha": look.alpha})
    record.params({part: judgement.record[part] or "none" for part in ("candidate", "production", "anchor")})
    record.tags(
        {
            "overread.verdict": judgement.verdict,
            "overread.reasons": ", ".join(map(str, _list(judgement.record["reasons"]))) or "none",
            "overread.test_set": test_set.version,
            "overread.test_set.digest": test_set.digest,
            **{f"overread.check.{name}": f"{status}: {why}" for name, status, why in told(judgement)},
        }
    )
    for part, evaluation in judgement.evaluations.items():
        log_evaluation(record, part, evaluation, at=at)
    record.metrics(_differences(judgement.record["checks"]), at=at)
    record.metrics(_pointed(judgement.record["localisation"]), at=at)
    flips = judgement.record["flips"]
    counted: dict[str, Json] = {"flips": len(flips) if isinstance(flips, list) else 0}
    record.table("comparison.json", {**judgement.record, **counted})
    record.document("comparison.md", side_by_side(judgement))


def side_by_side(judgement: Judgement) -> str:
    """Return the comparison as Markdown: a row a number, a column a version; then every check's reason."""
    parts = judgement.evaluations
    columns = {part: _shown(evaluation) for part, evaluation in parts.items()}
    first = next(iter(columns.values()))
    lines = [
        f"**{judgement.verdict}** {', '.join(map(str, _list(judgement.record['reasons'])))}".rstrip(),
        "",
        "| | " + " | ".join(parts) + " |",
        "| --- |" + " --- |" * len(parts),
        *(f"| {name} | " + " | ".join(column[name] for column in columns.values()) + " |" for name in first),
        "",
        *(f"- `{name}` {status}: {why}" for name, status, why in told(judgement)),
    ]
    return "\n".join(lines) + "\n"


def told(judgement: Judgement) -> list[tuple[str, str, str]]:
    """Return every check's name and status, and why in English; findings by their code."""
    teller, test_set = Teller(words=catalogue("en")), judgement.record["test_set"]
    setting = test_set if isinstance(test_set, dict) else {}
    return [
        (str(check["name"]), str(check["status"]), teller.reason(check, setting))
        for check in _list(judgement.record["checks"])
        if isinstance(check, dict)
    ]


def _shown(evaluation: Evaluation) -> dict[str, str]:
    c = evaluation.confusion
    return {
        "AUC": shown(evaluation.auc),
        "sensitivity": shown(evaluation.sensitivity),
        "specificity": shown(evaluation.specificity),
        "Brier score": shown(evaluation.brier),
        "TP / FN / TN / FP": " / ".join(
            map(str, (c.true_positive, c.false_negative, c.true_negative, c.false_positive))
        ),
        "threshold": f"{evaluation.threshold:.4f}",
    }


def shown(estimate: Estimate) -> str:
    """Return an estimate with its limits as a person reads it."""
    return f"{estimate.estimate:.3f} [{estimate.lower:.3f}, {estimate.upper:.3f}]"


def limited(name: str, estimate: Estimate) -> dict[str, float]:
    """Return an estimate and its limits as metrics."""
    return {name: estimate.estimate, f"{name}.lower": estimate.lower, f"{name}.upper": estimate.upper}


def _numbers(evaluation: Evaluation) -> dict[str, float]:
    numbers: dict[str, float] = {"threshold": evaluation.threshold, "n": evaluation.n}
    for name in ("auc", "sensitivity", "specificity", "brier"):
        numbers |= limited(name, getattr(evaluation, name))
    confusion = evaluation.confusion
    numbers |= {
        "true_positive": confusion.true_positive,
        "false_negative": confusion.false_negative,
        "true_negative": confusion.true_negative,
        "false_positive": confusion.false_positive,
    }
    for label, scores in evaluation.by_class.items():
        numbers[f"{label}.precision"] = scores.precision.estimate
        numbers[f"{label}.recall"] = scores.recall.estimate
        numbers[f"{label}.f1"] = scores.f1
    return numbers | {
        f"missed.{code}": missed.share.estimate for code, missed in evaluation.missed_by_finding.items()
    }


def _differences(checks: Json) -> dict[str, float | None]:
    numbers: dict[str, float | None] = {}
    for check in _list(checks):
        if isinstance(check, dict):
            for name, suffix in (("estimate", ""), ("lower", ".lower"), ("upper", ".upper")):
                value = check[name]
                numbers[f"difference.{check['name']}{suffix}"] = value if isinstance(value, float) else None
            if isinstance(check["further"], dict) and isinstance(check["further"]["cases"], int):
                numbers[f"further_cases.{check['name']}"] = float(check["further"]["cases"])
    return numbers


def _pointed(localisation: Json) -> dict[str, float]:
    """Return how well everyone's maps point at truth boxes, and the two guesses beside them."""
    found = flat(localisation) if isinstance(localisation, dict) else {}
    return {
        f"localisation.{name.removesuffix('.estimate')}": float(value)
        for name, value in found.items()
        if isinstance(value, int | float) and not name.endswith((".level", ".seed"))
    }


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def flat(values: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    """Return nested tables as one, `{"a": {"b": 1}}` as `{"a.b": 1}`."""
    found: dict[str, object] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = value
    return found
