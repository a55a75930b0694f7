"""Files for spreadsheets: read back as they were, and never computed."""

import csv
import io

import pytest

from serving.pages.spreadsheets import plain_cell, sheet


@pytest.mark.parametrize(
    "text",
    [
        '=HYPERLINK("http://elsewhere.example","see")',
        "+1+1",
        "-2+3",
        "@SUM(A1)",
        "\t=1+1",
        "  =1+1",
        "\n=1+1",
        "\N{FULLWIDTH EQUALS SIGN}1+1",
    ],
)
def test_what_could_be_a_formula_is_a_text(text: str) -> None:
    assert plain_cell(text) == "'" + text


@pytest.mark.parametrize("text", ["", "nodule", "2026-11-26 14:31:05", "1.2.840.3", "a = b", "结节 - 左上"])
def test_what_is_none_stays_as_it_is(text: str) -> None:
    assert plain_cell(text) == text


def test_a_file_is_read_back_as_it_was() -> None:
    rows = [["结节", 'said "here"\nand there', "a,b"], ["", "x", "y"]]
    answer = sheet("list", ["one", "two", "three"], rows)
    assert answer.headers["content-disposition"] == 'attachment; filename="list.csv"'
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert bytes(answer.body).startswith(b"\xef\xbb\xbf")
    text = bytes(answer.body).decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(text, newline=""))) == [["one", "two", "three"], *rows]
