"""What differs between two texts: nothing is lost, and only what differs is marked."""

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.pages.differences import differences


def put_together(pieces: list[tuple[str, str]], kind: str) -> str:
    return "".join(text for each, text in pieces if each in {"same", kind})


@given(st.text(alphabet="ab 肺野。\n", max_size=30), st.text(alphabet="ab 肺野。\n", max_size=30))
def test_both_texts_can_be_put_together_again(mine: str, theirs: str) -> None:
    pieces = differences(mine, theirs)
    assert (put_together(pieces, "del"), put_together(pieces, "ins")) == (mine, theirs)


@pytest.mark.parametrize(
    ("mine", "theirs", "pieces"),
    [
        ("", "", []),
        ("Clear.", "Clear.", [("same", "Clear.")]),
        (
            "Both hila are normal.",
            "Both hila are heavy.",
            [("same", "Both hila are "), ("del", "normal"), ("ins", "heavy"), ("same", ".")],
        ),
        ("双肺野清晰。", "右肺野清晰。", [("del", "双"), ("ins", "右"), ("same", "肺野清晰。")]),
        ("", "new", [("ins", "new")]),
    ],
)
def test_words_and_chinese_characters_are_marked_whole(
    mine: str, theirs: str, pieces: list[tuple[str, str]]
) -> None:
    assert differences(mine, theirs) == pieces


def test_the_longest_texts_take_no_second() -> None:
    mine, theirs = "a b " * 1000, "b a " * 999 + "肺"
    began = process_time()
    pieces = differences(mine, theirs)
    assert process_time() - began < 1
    assert (put_together(pieces, "del"), put_together(pieces, "ins")) == (mine, theirs)
