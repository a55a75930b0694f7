"""Lists as files that a spreadsheet opens: UTF-8 with its mark, and no cell that could be a formula."""

import csv
import io
from collections.abc import Iterable, Sequence

from fastapi import Response

BYTE_ORDER_MARK = "\ufeff"  # without it Excel takes the file for the system's code page
_STARTS_A_FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")  # the last four are full-width


def sheet(name: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> Response:
    """Return a table as a CSV file (RFC 4180) to be saved under a name."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    for row in (header, *rows):
        writer.writerow([plain_cell(text) for text in row])
    return Response(
        (BYTE_ORDER_MARK + out.getvalue()).encode(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )


def plain_cell(text: str) -> str:
    """Return a text that no spreadsheet computes: an apostrophe before what could start a formula.

    References
    ----------
    OWASP, CSV injection: https://owasp.org/www-community/attacks/CSV_Injection
    """
    dangerous = text.startswith(_STARTS_A_FORMULA) or text.lstrip().startswith(_STARTS_A_FORMULA)
    return f"'{text}" if dangerous else text
