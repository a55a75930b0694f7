"""What differs between two texts of one report: Chinese by character, other writing by word."""

import re
from difflib import SequenceMatcher

_PARTS = re.compile(r"[a-zA-Z0-9\u00c0-\u024f]+|\s+|.", re.DOTALL)
_LONGEST = 1500  # parts; beyond it the time grows with the square, and only the equal ends are found


def differences(mine: str, theirs: str) -> list[tuple[str, str]]:
    """Return pieces in order: `same` in both, `ins` in theirs alone, `del` in mine alone.

    The pieces that are `same` or `ins` are together `theirs`, those that are `same` or `del` are `mine`.
    """
    one, other = _PARTS.findall(mine), _PARTS.findall(theirs)
    if max(len(one), len(other)) > _LONGEST:
        return _ends(mine, theirs)
    pieces = []
    for tag, i, j, k, m in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append(("same", "".join(one[i:j])))
        else:
            pieces += [("del", "".join(one[i:j])), ("ins", "".join(other[k:m]))]
    return [(kind, text) for kind, text in pieces if text]


def _ends(mine: str, theirs: str) -> list[tuple[str, str]]:
    """Return what differs as one piece between an equal beginning and an equal end."""
    shorter = min(len(mine), len(theirs))
    start = next((at for at in range(shorter) if mine[at] != theirs[at]), shorter)
    room = shorter - start
    end = next((at for at in range(room) if mine[-1 - at] != theirs[-1 - at]), room)
    pieces = [
        ("same", mine[:start]),
        ("del", mine[start : len(mine) - end]),
        ("ins", theirs[start : len(theirs) - end]),
        ("same", mine[len(mine) - end :]),
    ]
    return [(kind, text) for kind, text in pieces if text]
