"""How a patient is named on a page."""

from overread.wording.catalogue import Catalogue

_LETTERS_END = "\u2e80"  # from here on scripts write the parts of a name together


def patient_name(stored: str) -> str:
    """Return a name as it is written, in characters before letters; how it sounds is left out.

    References
    ----------
    PS3.5 6.2.1, Person Name: groups are parted by `=` (letters, characters, sound), their parts by `^`.
    """
    letters, characters, *_ = [*(_written(group) for group in stored.split("=")), ""]
    return " ".join(group for group in (characters, letters) if group)


def _written(group: str) -> str:
    parts = [part.strip() for part in group.split("^") if part.strip()]
    is_joined = all(part[0] >= _LETTERS_END for part in parts)
    return ("" if is_joined else " ").join(parts)


def sex_and_age(words: Catalogue, sex: str, age: int | None) -> str:
    """Return sex and age in one short word; what is not known is left out."""
    shown = [words.text_or(f"sex.{sex}", "") if sex else "", "" if age is None else str(age)]
    return " ".join(part for part in shown if part) or "—"
