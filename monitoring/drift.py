"""The drift check: Evidently with named methods, corrected for the number of columns, and our own MMD."""

import json
import os
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset

from monitoring.attribution import attributions
from monitoring.features import Features, with_components
from monitoring.stattests import (
    CONTINGENCY,
    EMBEDDING,
    KS,
    MMD,
    SMALLEST_P,
    embedding_test,
    register,
    statistics,
)
from overread.domain.drift import DriftMeasure, DriftVerdict

LEVEL = 0.025
MINIMUM = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class _Answer:
    """What Evidently said: whether any column drifted, each column's p-value and status, the pages."""

    drifted: bool
    p_values: dict[str, float]
    columns_drifted: frozenset[str]
    html: bytes


def check(
    reference: Features, current: Features, *, level: float = LEVEL, minimum: int = MINIMUM
) -> tuple[DriftVerdict, bytes]:
    """Compare the current window with the reference, every column at `level` over the number of columns.

    Parameters
    ----------
    reference, current
        The same columns; embeddings on both sides or on neither. Attributes are not compared: what drifted is
        attributed to them.
    level
        Chance that anything at all is called drift when nothing has moved; `calibrate` says which to take.
    minimum
        Studies needed on each side.

    Returns
    -------
    DriftVerdict
        `passed` is None, with reasons, where the two cannot be compared; never a pass by default.
    bytes
        Evidently's report as one HTML page; empty where nothing was compared.
    """
    reasons = obstacles(reference, current, minimum)
    if reasons:
        return DriftVerdict(
            passed=None,
            n_reference=reference.n,
            n_current=current.n,
            level=level,
            measures=(),
            reasons=reasons,
        ), b""
    before, now = with_components(reference, current)
    threshold = _threshold(before, level)
    answer = _ask_evidently(before, now, threshold)
    measures = (
        *_column_measures(before, now, answer, threshold),
        *_embedding_measures(before, now, threshold),
    )
    drifted = [measure.column for measure in measures if measure.drifted]
    verdict = DriftVerdict(
        passed=not (answer.drifted or any(measure.drifted for measure in measures)),
        n_reference=reference.n,
        n_current=current.n,
        level=level,
        measures=measures,
        attributions=attributions(before, now, drifted, minimum=minimum),
    )
    return verdict, answer.html


def _threshold(features: Features, level: float) -> float:
    """Return the level of one column; the embedding as a whole counts as one more."""
    threshold = level / (len(features.names) + (features.embeddings is not None))
    if not SMALLEST_P <= threshold < 1:
        raise ValueError(f"a column's level must lie between {SMALLEST_P} and 1, not {threshold:.2g}")
    return threshold


def obstacles(reference: Features, current: Features, minimum: int) -> tuple[str, ...]:
    """Say why two windows cannot be compared; nothing where they can."""
    found = [
        f"{count} {side} studies, at least {minimum} are needed"
        for side, count in (("reference", reference.n), ("current", current.n))
        if count < minimum
    ]
    if _schema(reference) != _schema(current):
        differing = sorted(_schema(reference).items() ^ _schema(current).items())
        found.append(f"the columns differ: {', '.join(dict.fromkeys(name for name, _ in differing))}")
    elif not reference.names:
        found.append("there is no column to compare")
    found.extend(f"{name} has values that are not finite" for name in _not_finite(reference, current))
    return tuple(found)


def _schema(features: Features) -> dict[str, str]:
    kinds = dict.fromkeys(features.numeric, "numeric") | dict.fromkeys(features.categorical, "categorical")
    if features.embeddings is not None:
        kinds[EMBEDDING] = f"width {features.embeddings.shape[1]}"
    return kinds


def _not_finite(*sides: Features) -> list[str]:
    names = [name for side in sides for name, values in side.numeric.items() if not np.isfinite(values).all()]
    names += [
        EMBEDDING for side in sides if side.embeddings is not None and not np.isfinite(side.embeddings).all()
    ]
    return sorted(set(names))


def _ask_evidently(reference: Features, current: Features, threshold: float) -> _Answer:
    """Run the report; its own verdict is "fewer than one column drifted"."""
    os.environ.setdefault("DO_NOT_TRACK", "1")  # Evidently reads it when it would send an event
    register()
    columns = list(reference.names)
    preset = DataDriftPreset(
        columns=columns,
        num_method=KS,
        cat_method=CONTINGENCY,
        num_threshold=threshold,
        cat_threshold=threshold,
        drift_share=1 / len(columns),
    )
    with np.errstate(invalid="ignore", divide="ignore"):  # it correlates each column, constants included
        run = Report([preset], include_tests=True).run(_dataset(current), _dataset(reference))
        html = run.get_html_str(as_iframe=False).encode()
    return _parsed(json.loads(run.json()), html)


def _dataset(features: Features) -> Dataset:
    frame = pd.DataFrame({**features.numeric, **features.categorical})
    definition = DataDefinition(
        numerical_columns=list(features.numeric), categorical_columns=list(features.categorical)
    )
    return Dataset.from_pandas(frame, data_definition=definition)


def _parsed(answer: dict[str, Any], html: bytes) -> _Answer:
    """Read the verdict, then each column's value and status, from the report's JSON."""
    overall, *by_column = answer["tests"]
    columns = [metric["config"] for metric in answer["metrics"][1:]]
    values = [float(metric["value"]) for metric in answer["metrics"][1:]]
    return _Answer(
        drifted=overall["status"] != "SUCCESS",
        p_values={config["column"]: value for config, value in zip(columns, values, strict=True)},
        columns_drifted=frozenset(
            test["metric_config"]["params"]["column"] for test in by_column if test["status"] != "SUCCESS"
        ),
        html=html,
    )


def _column_measures(
    reference: Features, current: Features, answer: _Answer, threshold: float
) -> tuple[DriftMeasure, ...]:
    moved = statistics(reference, current)
    return tuple(
        DriftMeasure(
            column=name,
            method=KS if name in reference.numeric else CONTINGENCY,
            statistic=moved[name],
            p_value=answer.p_values[name],
            threshold=threshold,
            drifted=name in answer.columns_drifted,
        )
        for name in reference.names
    )


def _embedding_measures(reference: Features, current: Features, threshold: float) -> tuple[DriftMeasure, ...]:
    if reference.embeddings is None or current.embeddings is None:
        return ()
    test = embedding_test(reference.embeddings, current.embeddings)
    return (
        DriftMeasure(
            column=EMBEDDING,
            method=MMD,
            statistic=test.statistic,
            p_value=test.p_value,
            threshold=threshold,
            drifted=test.p_value <= threshold,
        ),
    )
