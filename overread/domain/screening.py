"""Rule outcomes (pass, fail, unknown, declared) and what follows from them for reading and for training."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What one rule says of one study."""

    PASS = "pass"  # noqa: S105 - an outcome, not a password
    FAIL = "fail"
    UNKNOWN = "unknown"
    DECLARED = "declared"


# Reference study, Table 1: R01-R06 and the automatic part of R09-R11 decide whether the model may read a
# study; R01-R08, and R09-R12 where answered, whether it may train or test one.
READING_RULES = ("R01", "R02", "R03", "R04", "R05", "R06", "R09", "R10", "R11")
COHORT_RULES = ("R01", "R02", "R03", "R04", "R05", "R06", "R07", "R08")
COHORT_IF_ANSWERED = ("R09", "R10", "R11", "R12")


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleOutcome:
    """One rule's answer; `code` is like R05_AGE, `text` says why in one plain line without identity."""

    code: str
    outcome: Outcome
    text: str = ""

    @property
    def rule(self) -> str:
        """The rule's number, such as R05."""
        return self.code.split("_", 1)[0]


@dataclass(frozen=True, kw_only=True, slots=True)
class Screening:
    """All outcomes of one study; every rule is run and every result is kept."""

    outcomes: tuple[RuleOutcome, ...]

    @property
    def reasons(self) -> tuple[RuleOutcome, ...]:
        """The failures that keep the model from reading the study; empty when it may."""
        return tuple(o for o in self.outcomes if o.rule in READING_RULES and o.outcome is Outcome.FAIL)

    @property
    def unknown(self) -> tuple[RuleOutcome, ...]:
        """Rules nobody could answer yet: the study is flagged and listed for screening."""
        return tuple(o for o in self.outcomes if o.outcome is Outcome.UNKNOWN)

    @property
    def cohort_reasons(self) -> tuple[RuleOutcome, ...]:
        """What keeps the study out of training and test sets: a fail, or an unknown in R01-R08.

        A rule of R01-R08 that was never run is unknown.
        """
        run = {o.rule for o in self.outcomes}
        missing = (
            RuleOutcome(code=rule, outcome=Outcome.UNKNOWN, text="never run")
            for rule in COHORT_RULES
            if rule not in run
        )
        return tuple(
            o
            for o in (*self.outcomes, *missing)
            if (o.rule in COHORT_RULES and o.outcome in {Outcome.FAIL, Outcome.UNKNOWN})
            or (o.rule in COHORT_IF_ANSWERED and o.outcome is Outcome.FAIL)
        )

    def declaring(self, declared: Mapping[str, str]) -> "Screening":
        """Return the screening with unknown rules answered by a collection's declaration (rule -> why)."""
        return Screening(
            outcomes=tuple(
                RuleOutcome(code=o.code, outcome=Outcome.DECLARED, text=declared[o.rule])
                if o.outcome is Outcome.UNKNOWN and o.rule in declared
                else o
                for o in self.outcomes
            )
        )

    def with_outcome(self, answered: RuleOutcome) -> "Screening":
        """Return the screening with the answer of one rule replaced or added."""
        kept = tuple(o for o in self.outcomes if o.rule != answered.rule)
        return Screening(outcomes=tuple(sorted((*kept, answered), key=lambda o: o.code)))
