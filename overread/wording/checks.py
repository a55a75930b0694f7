"""The names of the gate's checks in words; a name nobody has translated stands for itself."""

from collections.abc import Mapping

from overread.wording.catalogue import Catalogue

_OF_FINDING = ("critical:", "forgetting:", "finding:")


def check_title(words: Catalogue, name: str, findings: Mapping[str, str] | None = None) -> str:
    """Return a check's name in words; a slice's is its group and what was measured.

    `findings` are the names of findings by code; one that is not among them stands for itself.
    """
    if name.startswith(_OF_FINDING):
        kind, code = name.split(":")[:2]
        return words.text(f"check.of_finding.{kind}", finding=(findings or {}).get(code, code))
    if name.startswith("slice:") and name.count(":") > 1:
        group, _, what = name.removeprefix("slice:").rpartition(":")
        return words.text(
            "check.slice", group=group_title(words, group), what=words.text_or(f"check.{what}", what)
        )
    return words.text_or(f"check.{name}", name)


def group_title(words: Catalogue, group: str) -> str:
    """Return a subgroup's name in words, such as `maker=Alpha` or `age>=60`."""
    if group.startswith("age>="):
        return words.text("group.age_from", age=group.removeprefix("age>="))
    attribute, _, value = group.partition("=")
    known = words.text_or(f"group.{attribute}", attribute)
    return f"{known} {words.text_or(f'{attribute}.{value}', value)}" if value else group
