"""The gate's checks as reviewers read them: counts, difference, limits, a drawing, and a word."""

import math
from collections.abc import Mapping
from typing import Any

from overread.wording.checks import check_title
from serving.pages.formats import MINUS, between, grouped, percent, signed
from serving.pages.plots import Plot, difference_plot, floor_plot
from serving.pages.visits import Visit

Record = Mapping[str, Any]
_FLOOR = "floor."
_POINTS = frozenset({"sensitivity", "specificity"})


def check_row(visit: Visit, check: Record) -> dict[str, Any]:
    """Return one line of the table of checks."""
    name = str(check.get("name", ""))
    scale, digits = (
        (100.0, 1) if name.rsplit(".", 1)[-1].rsplit(":", 1)[-1] in _POINTS or _finding(name) else (1.0, 3)
    )
    limits = _limits(check)
    shown = None if limits is None else tuple(scale * value for value in limits)
    floor = name.startswith(_FLOOR)
    unit = visit.words.text("stat.points") if scale > 1 and not floor else ("%" if scale > 1 else "")
    margin = check.get("margin")
    return {
        "title": check_title(visit.words, name),
        "evidence": _evidence(check),
        "n": grouped(check.get("n")),
        "role": check.get("role", ""),
        "status": check.get("status", ""),
        "estimate": None if shown is None else _value(shown[1], digits, floor=floor),
        "limits": "" if shown is None else _range(shown, digits, floor=floor),
        "margin": "—"
        if margin is None
        else f"{_value(scale * margin if floor else -scale * margin, digits, floor=floor)} {unit}".strip(),
        "plot": _plot(visit, check, limits, floor=floor),
    }


def group_rows(visit: Visit, comparison: Record) -> list[dict[str, Any]]:
    """Return by-finding and by-slice lines: the slices' sensitivity first, then specificity."""
    rows = []
    for each in comparison.get("by_finding") or []:
        title = visit.finding_name(str(each.get("code", "")))
        rows.append(check_row(visit, each) | {"title": title, "kind": "finding"})
    for each in comparison.get("slices") or []:
        for what in ("sensitivity", "specificity"):
            check = each.get(what) or {}
            rows.append(check_row(visit, check) | {"kind": "slice"})
    return rows


def map_rows(comparison: Record) -> dict[str, Any]:
    """Return how often each version's maps point at truth boxes, then what a guess would reach."""
    pointed = {part: who for part, who in (comparison.get("localisation") or {}).items() if who}
    candidate = pointed.get("candidate") or {}
    guesses = {guess: candidate[guess] for guess in ("centre", "mean_map") if guess in candidate}
    shown = {part: who["model"] for part, who in pointed.items()} | guesses
    rows = [{"whose": whose, **_map_row(found)} for whose, found in shown.items()]
    return {"n": candidate.get("n"), "rows": rows}


def _map_row(pointed: Record) -> dict[str, dict[str, str]]:
    return {
        what: {
            "estimate": percent(shown.get("estimate")),
            "limits": between(_hundredfold(shown.get("lower")), _hundredfold(shown.get("upper")), 1),
        }
        for what, shown in pointed.items()
    }


def _hundredfold(share: float | None) -> float | None:
    return None if share is None else 100 * share


def _finding(name: str) -> bool:
    return name.startswith("finding:")


def _limits(check: Record) -> tuple[float, float, float] | None:
    """Return lower limit, estimate and upper limit; None where one of them is undefined."""
    values = [check.get(part) for part in ("lower", "estimate", "upper")]
    if not all(isinstance(value, int | float) and math.isfinite(value) for value in values):
        return None
    lower, estimate, upper = (float(value) for value in values if value is not None)
    return lower, estimate, upper


def _evidence(check: Record) -> str:
    gained, lost, n = check.get("gained"), check.get("lost"), grouped(check.get("n"))
    return f"n {n}" if gained is None or lost is None else f"+{gained} {MINUS}{lost} / {n}"


def _value(value: float, digits: int, *, floor: bool) -> str:
    return f"{value:.{digits}f}" if floor else signed(value, digits)


def _range(limits: tuple[float, ...], digits: int, *, floor: bool) -> str:
    if floor:
        return between(limits[0], limits[2], digits)
    return f"{signed(limits[0], digits)} … {signed(limits[2], digits)}"


def _plot(
    visit: Visit, check: Record, limits: tuple[float, float, float] | None, *, floor: bool
) -> Plot | None:
    margin = check.get("margin")
    if limits is None or not margin:
        return None
    says = visit.words.text(
        "stat.plot", estimate=signed(limits[1], 3), lower=signed(limits[0], 3), upper=signed(limits[2], 3)
    )
    draw = floor_plot if floor else difference_plot
    return draw(limits, float(margin), status=str(check.get("status", "")), says=says)
