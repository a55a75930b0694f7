"""The gate's checks as reviewers read them: counts, difference, limits, a drawing, and a word."""

from collections.abc import Mapping
from typing import Any

from model_registry.reasons import Teller, defined, scale_of
from serving.pages.formats import MINUS, between, grouped, percent, signed
from serving.pages.plots import Plot, difference_plot, floor_plot
from serving.pages.visits import Visit

Record = Mapping[str, Any]
_FLOOR = "floor."


def teller_of(visit: Visit) -> Teller:
    """Return who tells a check's title and reason in this visit's language."""
    codes = [str(row.code) for row in visit.web.task.vocabulary.rows]
    return Teller(words=visit.words, findings={code: visit.finding_name(code) for code in codes})


def check_row(teller: Teller, check: Record, test_set: Record) -> dict[str, Any]:
    """Return one line of the table of checks."""
    name = str(check.get("name", ""))
    scale, digits = scale_of(name)
    limits = _limits(check)
    shown = None if limits is None else tuple(scale * value for value in limits)
    floor = name.startswith(_FLOOR)
    unit = teller.words.text("stat.points") if scale > 1 and not floor else ("%" if scale > 1 else "")
    margin = check.get("margin")
    return {
        "title": teller.title(name),
        "reason": teller.reason(check, test_set),
        "evidence": _evidence(check),
        "n": grouped(check.get("n")),
        "role": check.get("role", ""),
        "status": check.get("status", ""),
        "estimate": None if shown is None else _value(shown[1], digits, floor=floor),
        "limits": "" if shown is None else _range(shown, digits, floor=floor),
        "margin": "—"
        if margin is None
        else f"{_value(scale * margin if floor else -scale * margin, digits, floor=floor)} {unit}".strip(),
        "plot": _plot(teller, check, limits, floor=floor),
    }


def group_rows(teller: Teller, comparison: Record) -> list[dict[str, Any]]:
    """Return by-finding and by-slice lines: the slices' sensitivity first, then specificity."""
    test_set = comparison.get("test_set") or {}
    findings = [("finding", each) for each in comparison.get("by_finding") or []]
    slices = [
        ("slice", each.get(what) or {})
        for each in comparison.get("slices") or []
        for what in ("sensitivity", "specificity")
    ]
    return [{**check_row(teller, check, test_set), "kind": kind} for kind, check in (*findings, *slices)]


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


def _limits(check: Record) -> tuple[float, float, float] | None:
    """Return lower limit, estimate and upper limit; None where one of them is undefined."""
    if not defined(check):
        return None
    return float(check["lower"]), float(check["estimate"]), float(check["upper"])


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
    teller: Teller, check: Record, limits: tuple[float, float, float] | None, *, floor: bool
) -> Plot | None:
    margin = check.get("margin")
    if limits is None or not margin:
        return None
    says = teller.words.text(
        "stat.plot", estimate=signed(limits[1], 3), lower=signed(limits[0], 3), upper=signed(limits[2], 3)
    )
    draw = floor_plot if floor else difference_plot
    return draw(limits, float(margin), status=str(check.get("status", "")), says=says)
