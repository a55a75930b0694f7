"""What a drift is attributed to, in words."""

from collections.abc import Sequence

from overread.domain.drift import Attribution, Cause, DriftVerdict
from overread.wording.catalogue import Catalogue

FIRST = 3  # columns and levels that are named; the others are counted


def column_name(words: Catalogue, code: str) -> str:
    """Return the name of a column or an attribute; an unknown code stands for itself."""
    before, component, number = code.partition("component_")
    if component and not before:
        return words.text("drift.component", n=number)
    return words.text_or(f"column.{code}", code)


def explanations(words: Catalogue, verdict: DriftVerdict) -> list[str]:
    """Return a sentence for each attribution, and one for what none accounts for; nothing without a drift."""
    said = [_sentence(words, verdict, found) for found in verdict.attributions]
    if verdict.unattributed:
        said.append(words.text("attribution.none", columns=_columns(words, verdict.unattributed)))
    return said


def _sentence(words: Catalogue, verdict: DriftVerdict, found: Attribution) -> str:
    same = [_attribute(words, name) for name in found.same_as]
    if found.cause is Cause.EVERYWHERE:
        every = _listed(words, [_attribute(words, found.attribute), *same])
        return words.text("attribution.everywhere", columns=_columns(words, found.columns), attributes=every)
    said = words.text(
        f"attribution.{_kind(verdict, found)}",
        columns=_columns(words, found.columns),
        attribute=_attribute(words, found.attribute),
        levels=_shortened(words, [level or words.text("attribution.unknown") for level in found.levels]),
        n=found.n_current,
        of=verdict.n_current,
        n_before=found.n_reference,
        of_before=verdict.n_reference,
    )
    if same:
        said += words.text("attribution.same_as", attributes=_listed(words, same))
    return said


def _kind(verdict: DriftVerdict, found: Attribution) -> str:
    if found.shown:
        return found.cause.value
    return "new_all" if found.n_current == verdict.n_current else "new_most"


def _attribute(words: Catalogue, code: str) -> str:
    return words.text_or(f"attribution.of.{code}", code)


def _columns(words: Catalogue, codes: Sequence[str]) -> str:
    return _shortened(words, [column_name(words, code) for code in codes])


def _shortened(words: Catalogue, names: Sequence[str]) -> str:
    shown = _listed(words, names[:FIRST])
    more = len(names) - FIRST
    return words.text("attribution.more", shown=shown, n=more) if more > 0 else shown


def _listed(words: Catalogue, names: Sequence[str]) -> str:
    return words.text("list.comma").join(names)
