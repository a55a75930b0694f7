"""Which findings a form offers: the usual misses on its digits, then all others."""

from typing import Any

from overread.domain.findings import Vocabulary


def offered(vocabulary: Vocabulary) -> dict[str, Any]:
    """Return the rows of a vocabulary as templates ask for them."""
    usual = vocabulary.usual
    return {
        "vocabulary": vocabulary.rows,
        "common": usual,
        "others": tuple(row for row in vocabulary.rows if row not in usual),
    }
