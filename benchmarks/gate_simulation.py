"""What share of truly worse models does the shipped gate promote, and of equally good ones refuse.

    python -m benchmarks.gate_simulation [--tables margin patients change] [--sets 1000] [--draws 300]

Prints Markdown. Every verdict is that of `model_registry.gate` by a policy of `policies/`, unchanged.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from benchmarks.drawn_rivals import Department, Rates, Scene, draw_candidate, draw_production
from model_registry.gate import Field, decided
from overread.domain.policies import GatePolicy
from overread.measures.power import power_noninferiority
from overread.measures.promotion import Check, Decision, combine
from overread.measures.proportion import wilson
from overread.measures.sequential import reuse_alpha
from overread.settings.policies import load_policy

POLICIES = ("demo", "cxr-binary")
CO_PRIMARIES = ("sensitivity", "specificity", "auc")
SIZES, DISCORDANCES = (300, 600, 1000, 2000), (0.04, 0.08, 0.12, 0.16)
RATE, ORDER = 0.85, 0.9  # of production: sensitivity and specificity, and the order beside its decisions
GOOD = 0.08  # by how much a rate is better that is not at its margin
FINDINGS, MAKERS = 24, 3  # of the test sets that are drawn as they are met
TABLES = ("margin", "patients", "change")
MARGIN_HEAD = (
    "policy",
    "at its margin",
    "n a class",
    "films a patient",
    "promoted",
    "its check passes",
    "promoted at one look",
    "at any look of a set",
    "at any look, without further checks",
)
CHANGE_HEAD = (
    "policy",
    "n a class",
    "discordance",
    "sensitivity alone passes",
    "PROMOTE",
    "without further checks",
    "INCONCLUSIVE",
    "without",
    "REJECT",
    "without",
)
FURTHER = ("logit.", "critical:", "clustered.", "forgetting", "localisation")


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdicts:
    """What the gate said, what it had said without its further checks, and whether one check passed.

    All are (sets, looks).
    """

    whole: NDArray[np.str_]
    alone: NDArray[np.str_]
    passed: NDArray[np.bool_]


def at_margin(what: str, policy: GatePolicy) -> Scene:
    """Return a candidate exactly at the margin of one co-primary, and comfortably good in all else."""
    production = Rates(sensitivity=RATE, specificity=RATE, order=ORDER)
    better, changed = RATE + GOOD, GOOD + 0.02
    if what == "sensitivity":
        worse = RATE - policy.sensitivity_margin
        candidate = Rates(sensitivity=worse, specificity=better, order=0.99)
    elif what == "specificity":
        worse = RATE - policy.specificity_margin
        candidate = Rates(sensitivity=better, specificity=worse, order=0.99)
    else:
        good = Rates(sensitivity=better, specificity=better, order=ORDER)
        candidate = good.with_area(production.area - policy.auc_margin)
    return Scene(watched=what, production=production, candidate=candidate, discordance=(changed, changed))


def no_change(discordance: float) -> Scene:
    """Return a candidate as good as production, which differs from it by chance alone."""
    same = Rates(sensitivity=RATE, specificity=RATE, order=ORDER)
    return Scene(
        watched="sensitivity", production=same, candidate=same, discordance=(discordance, discordance)
    )


def lenient_set(policy: GatePolicy, n: int, *, films: int = 1) -> Department:
    """Return a test set on which nothing but the co-primaries stands in the way of a promotion.

    It has one maker, and too few of any critical finding for a check of its own to refuse what this
    simulation wants to see promoted falsely.
    """
    rare = [str(code) for code in policy.critical]
    return Department.of(n, findings=[*rare, *["common"] * (n // 9 - len(rare))], films=films)


def verdicts(
    scene: Scene, policy: GatePolicy, department: Department, *, sets: int, looks: int, seed: int
) -> Verdicts:
    """Ask the gate of `looks` candidates on each of `sets` drawn test sets, at the alpha of each look."""
    rng = np.random.default_rng(seed)
    decisions = []
    for _ in range(sets):
        production = draw_production(rng, department, scene)
        for look in range(1, looks + 1):
            candidate = draw_candidate(rng, department, scene, production)
            field = Field(candidate=candidate.contender, production=production.contender)
            alpha = reuse_alpha(look, alpha=policy.alpha, looks=policy.looks)
            decisions.append(decided(department.cases, field, policy=policy, alpha=alpha)[0])
    shape = (sets, looks)
    return Verdicts(
        whole=np.array([decision.verdict for decision in decisions]).reshape(shape),
        alone=np.array([combine(_plain(decision)) for decision in decisions]).reshape(shape),
        passed=np.array([_passed(decision, scene.watched) for decision in decisions]).reshape(shape),
    )


def _plain(decision: Decision) -> list[Check]:
    """Return the checks of `decide` alone."""
    return [check for check in decision.checks if not check.name.startswith(FURTHER)]


def _passed(decision: Decision, name: str) -> bool:
    return any(check.name == name and check.status == "pass" for check in decision.checks)


def false_promotions(policy: GatePolicy, *, sets: int, n: int, films: int) -> Iterator[str]:
    """Yield a row for each co-primary: falsely promoted at one look, and at any of a test set's looks."""
    department = lenient_set(policy, n, films=films)
    for row, what in enumerate(CO_PRIMARIES):
        seed = 10 * POLICIES.index(policy.name) + row  # no policy is tried on another's draws
        found = verdicts(
            at_margin(what, policy), policy, department, sets=sets, looks=policy.looks, seed=seed
        )
        one, alone = (said == "PROMOTE" for said in (found.whole, found.alone))
        counted = f"{int(one.sum())} of {one.size:,}"
        shares = [_share(each) for each in (found.passed, one, one.any(axis=1), alone.any(axis=1))]
        yield _row(policy.name, what, n, films, counted, *shares)


def no_true_change(policy: GatePolicy, *, draws: int) -> Iterator[str]:
    """Yield a row for each size and discordance: what becomes of a candidate that is as good."""
    findings = [*map(str, policy.critical), *(f"finding_{row}" for row in range(FINDINGS))][:FINDINGS]
    alpha = reuse_alpha(1, alpha=policy.alpha, looks=policy.looks)
    for n in SIZES:
        department = Department.of(n, findings=findings, makers=MAKERS, boxes=True)
        for seed, discordance in enumerate(DISCORDANCES):
            found = verdicts(no_change(discordance), policy, department, sets=draws, looks=1, seed=seed)
            power = power_noninferiority(
                n, discordance=discordance, margin=policy.sensitivity_margin, alpha=alpha, method="exact"
            )
            shares = [
                f"{(said == word).mean():.3f}"
                for word in ("PROMOTE", "INCONCLUSIVE", "REJECT")
                for said in (found.whole, found.alone)
            ]
            yield _row(policy.name, n, f"{discordance:.2f}", f"{power:.2f}", *shares)


def _share(happened: NDArray[np.bool_]) -> str:
    shown = wilson(int(happened.sum()), happened.size)
    return f"{100 * shown.estimate:.2f} % [{100 * shown.lower:.2f}, {100 * shown.upper:.2f}]"


def _row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def _table(head: Sequence[str], rows: Iterator[str]) -> None:
    print(_row(*head))
    print(_row(*["---"] * len(head)))
    for row in rows:
        print(row, flush=True)
    print()


def main() -> None:
    """Print the tables that are asked for, of every policy."""
    parser = argparse.ArgumentParser(description="Simulate the shipped gate.")
    parser.add_argument("--tables", nargs="*", choices=TABLES, default=TABLES)
    parser.add_argument("--sets", type=int, default=1000, help="test sets, each with all its looks")
    parser.add_argument("--draws", type=int, default=300, help="test sets of each size and discordance")
    asked = parser.parse_args()
    policies = [load_policy(name) for name in POLICIES]
    for table, n, films in (("margin", 300, 1), ("patients", 600, 3)):
        if table in asked.tables:
            rows = (false_promotions(policy, sets=asked.sets, n=n, films=films) for policy in policies)
            _table(MARGIN_HEAD, chain.from_iterable(rows))
    if "change" in asked.tables:
        _table(CHANGE_HEAD, chain.from_iterable(no_true_change(p, draws=asked.draws) for p in policies))


if __name__ == "__main__":
    main()
