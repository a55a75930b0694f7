"""Lists as files that a spreadsheet opens: UTF-8 with its mark, and no cell that could be a formula."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from fastapi import Response
from fastapi.responses import StreamingResponse

BYTE_ORDER_MARK = "\ufeff"  # without it Excel takes the file for the system's code page
_STARTS_A_FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")  # the last four are full-width


def sheet(name: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> Response:
    """Return a table as a CSV file (RFC 4180) to be saved under a name."""
    return Response((BYTE_ORDER_MARK + _written((header, *rows))).encode(), headers=_headers(name))


def long_sheet(
    name: str, header: Sequence[str], pages: Iterable[Iterable[Sequence[str]]]
) -> StreamingResponse:
    """Return a table of any length, sent page by page as the pages are made."""
    return StreamingResponse(_sent(header, pages), headers=_headers(name))


def _sent(header: Sequence[str], pages: Iterable[Iterable[Sequence[str]]]) -> Iterator[bytes]:
    yield (BYTE_ORDER_MARK + _written([header])).encode()
    for rows in pages:
        yield _written(rows).encode()


def _written(rows: Iterable[Sequence[str]]) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerows([plain_cell(text) for text in row] for row in rows)
    return out.getvalue()


def _headers(name: str) -> dict[str, str]:
    return {
        "Content-Type": "text/csv; charset=utf-8",
        "Content-Disposition": f'attachment; filename="{name}.csv"',
    }


def plain_cell(text: str) -> str:
    """Return a text that no spreadsheet computes: an apostrophe before what could start a formula.

    References
    ----------
    OWASP, CSV injection: https://owasp.org/www-community/attacks/CSV_Injection
    """
    dangerous = text.startswith(_STARTS_A_FORMULA) or text.lstrip().startswith(_STARTS_A_FORMULA)
    return f"'{text}" if dangerous else text
