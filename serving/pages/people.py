"""How a patient is named on a page."""

from overread.wording.catalogue import Catalogue


def sex_and_age(words: Catalogue, sex: str, age: int | None) -> str:
    """Return sex and age in one short word; what is not known is left out."""
    shown = [words.text_or(f"sex.{sex}", "") if sex else "", "" if age is None else str(age)]
    return " ".join(part for part in shown if part) or "—"
