"""Reads `zh.toml` and `en.toml`: one text for each key in each language, with places for facts."""

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from overread.domain.errors import ConfigurationError

LANGUAGES = ("zh", "en")
FOLDER = Path(__file__).parent


class Catalogue:
    """The texts of one language; keys are dotted paths such as `worklist.title`."""

    def __init__(self, language: str, texts: Mapping[str, str]) -> None:
        self.language = language
        self._texts = texts

    @property
    def keys(self) -> frozenset[str]:
        """Every key."""
        return frozenset(self._texts)

    def has(self, key: str) -> bool:
        """Say whether there is a text for `key`."""
        return key in self._texts

    def raw(self, key: str) -> str:
        """Return the text of a key with its places for facts still open."""
        return self._texts[key]

    def text(self, key: str, **facts: object) -> str:
        """Return the text of `key` with `facts` put in; nothing is escaped here.

        Raises
        ------
        ConfigurationError
            There is no such key, or the text asks for a fact that was not given.
        """
        try:
            return self._texts[key].format(**facts)
        except KeyError as error:
            raise ConfigurationError(
                f"wording/{self.language}.toml: {key}: no text or fact {error.args[0]}"
            ) from error

    def text_or(self, key: str, otherwise: str) -> str:
        """Return the text of `key`, or `otherwise` where a record holds a word nobody has translated."""
        return self._texts.get(key, otherwise)


@cache
def catalogue(language: str) -> Catalogue:
    """Return the texts of `zh` or `en`; any other language raises `ConfigurationError`."""
    if language not in LANGUAGES:
        raise ConfigurationError(f"there are no words in {language!r}; known: {', '.join(LANGUAGES)}")
    tables = tomllib.loads((FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
    return Catalogue(language, dict(_flat(tables)))


def _flat(table: Mapping[str, object], path: str = "") -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", str(value)
