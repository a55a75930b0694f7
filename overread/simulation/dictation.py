"""What a simulated radiologist writes, from a perception alone: two texts, in Chinese or English."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from overread.simulation.readers import Perceived, Perception


@dataclass(frozen=True, kw_only=True, slots=True)
class Dictation:
    """The two texts of a report."""

    findings: str
    impression: str


def dictate(perception: Perception, language: str, rng: np.random.Generator) -> Dictation:
    """Return the report of what was perceived; `language` is "zh" or "en"."""
    words, segment_of = _phrases()[language], _phrases()["segment"]
    said: dict[str, list[str]] = {}
    for seen in perception.findings:
        said.setdefault(segment_of[seen.code], []).append(_phrase(seen, words))
    segments = [
        _sentence(words["comma"].join(said[segment]), words) if segment in said else normal
        for segment, normal in words["normal"].items()
    ]
    if said:
        impression = [_sentence(phrase, words) for some in said.values() for phrase in some]
    else:
        impression = [str(rng.choice(words["clean"]))]
    return Dictation(findings=words["gap"].join(segments), impression=words["gap"].join(impression))


@cache
def _phrases() -> dict[str, Any]:
    return tomllib.loads(files("overread.simulation").joinpath("dictation.toml").read_text(encoding="utf-8"))


def _phrase(seen: Perceived, words: dict[str, Any]) -> str:
    place = words["place"]
    side = place[seen.side] if seen.side else ""
    zone = place[seen.zone] if seen.zone else ""
    return str(words["finding"][seen.code].format(side=side, zone=zone))


def _sentence(text: str, words: dict[str, Any]) -> str:
    return text[:1].upper() + text[1:] + str(words["stop"])
