"""Where every random number of the department comes from: names, hashed with the department's salt."""

from hashlib import sha256

import numpy as np


def derived(*words: object) -> int:
    """Return 63 random-looking bits that depend on `words` alone; equal on every machine and for ever."""
    digest = sha256("|".join(map(str, words)).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def stream(*words: object) -> np.random.Generator:
    """Return a random generator of its own for `words`."""
    return np.random.default_rng(derived(*words))


def happens(rng: np.random.Generator, chance: float) -> bool:
    """Say whether something of this chance happens."""
    return bool(rng.random() < chance)


def uid(*words: object) -> str:
    """Return a DICOM UID for `words`, of the form 2.25.<128 bits> (PS3.5 B.2)."""
    digest = sha256("|".join(map(str, words)).encode()).digest()
    return f"2.25.{int.from_bytes(digest[:16], 'big')}"
