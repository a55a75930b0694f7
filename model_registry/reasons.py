"""Why the gate said what it said: each recorded check as a sentence with its numbers, in either language."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from overread.wording.catalogue import Catalogue
from overread.wording.checks import check_title, group_title
from overread.wording.numbers import decimal, grouped, signed

Record = Mapping[str, Any]
_POINTS = frozenset({"sensitivity", "specificity", "forgetting", "localisation"})
_FLOOR, _FORGETTING, _CRITICAL, _SLICE, _FINDING = "floor.", "forgetting", "critical:", "slice:", "finding:"


@dataclass(frozen=True, kw_only=True, slots=True)
class Teller:
    """The words of one language, and the names of findings in it by code."""

    words: Catalogue
    findings: Mapping[str, str] = field(default_factory=dict)

    def title(self, name: str) -> str:
        """Return a check's name in words."""
        return check_title(self.words, name, self.findings)

    def reason(self, check: Record, test_set: Record) -> str:
        """Return why a check has its status, and what an undecided one would need.

        Both as `judge` records them; a check of an older record, which has no numbers, gives nothing.
        """
        said = self._because(check, test_set)
        return f"{said} {self._further(check)}".strip()

    def because_of(self, comparison: Record) -> dict[str, str]:
        """Return the checks that decided, by name, each with its reason; none of a promotion."""
        decided, test_set = comparison.get("reasons") or [], comparison.get("test_set") or {}
        checks = {check.get("name"): check for check in comparison.get("checks") or []}
        return {name: self.reason(checks[name], test_set) for name in decided if name in checks}

    def _because(self, check: Record, test_set: Record) -> str:
        name, status = str(check.get("name", "")), str(check.get("status", ""))
        words = self.words
        if name == "evidence":
            known = "min_positive" in test_set and words.has(f"reason.evidence.{status}")
            return words.text(f"reason.evidence.{status}", **test_set) if known else ""
        facts = self._facts(check)
        if status != "counts-only" and not defined(check):
            return words.text("reason.undefined" if check.get("n") else "reason.nothing", **facts)
        key = f"reason.{_kind(name)}.{status}"
        return words.text(key, **facts) if words.has(key) else ""

    def _facts(self, check: Record) -> dict[str, object]:
        name = str(check.get("name", ""))
        scale, digits = scale_of(name)
        floor, forgetting = name.startswith(_FLOOR), _kind(name) == "forgetting"
        unit = " %" if floor or forgetting else f" {self.words.text('stat.points')}"
        turned = -scale if forgetting else scale  # a share lost is told as a share, not as a difference
        estimate, lower, upper, margin = (
            float("nan") if check.get(part) is None else float(check[part])
            for part in ("estimate", "lower", "upper", "margin")
        )
        first, last = (
            sorted((turned * lower + 0.0, turned * upper + 0.0)) if defined(check) else (lower, upper)
        )
        shown = decimal if floor or forgetting else signed
        return {
            "estimate": f"{shown(turned * estimate + 0.0, digits)}{unit if scale > 1 else ''}",
            "limits": f"[{shown(first, digits)}, {shown(last, digits)}]",
            "margin": f"{decimal(scale * margin, digits)}{unit if scale > 1 else ''}",
            "n": grouped(check.get("n")),
            "gained": grouped(check.get("gained")),
            "lost": grouped(check.get("lost")),
        }

    def _further(self, check: Record) -> str:
        further = check.get("further")
        if not further:
            return ""
        if further.get("cases") is None:
            return self.words.text(f"reason.further.{further.get('why')}")
        if check.get("name") == "evidence":
            return self.words.text("reason.further.evidence", cases=grouped(further["cases"]))
        return self.words.text(
            "reason.further.cases",
            cases=grouped(further["cases"]),
            of=self._counted_in(str(check.get("name", ""))),
        )

    def _counted_in(self, name: str) -> str:
        """Return what a check's cases are, such as studies with a finding."""
        words = self.words
        if name.startswith(_CRITICAL):
            code = name.split(":")[1]
            return words.text("reason.of.code", finding=self.findings.get(code, code))
        what = words.text_or(f"reason.of.{_last(name)}", words.text("reason.of.auc"))
        if name.startswith(_SLICE):
            return words.text(
                "reason.of.slice",
                group=group_title(self.words, name.removeprefix(_SLICE).rpartition(":")[0]),
                of=what,
            )
        return what


def scale_of(name: str) -> tuple[float, int]:
    """Return what a check's numbers are multiplied by to be shown, and their digits."""
    points = _last(name) in _POINTS or name.startswith((_FINDING, f"{_FORGETTING}:"))
    return (100.0, 1) if points else (1.0, 3)


def defined(check: Record) -> bool:
    """Say whether a check has an estimate and both limits."""
    values = [check.get(part) for part in ("lower", "estimate", "upper")]
    return all(isinstance(value, int | float) and math.isfinite(value) for value in values)


def _kind(name: str) -> str:
    if name.startswith(_FLOOR):
        return "floor"
    return "forgetting" if name.startswith(_FORGETTING) else "difference"


def _last(name: str) -> str:
    return name.rsplit(":", 1)[-1].rsplit(".", 1)[-1]
