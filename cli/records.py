"""The change record: `overread audit verify`, `overread audit export`."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, TextIO
from zipfile import is_zipfile

import typer

from cli.settings import AsJson, answer, say, settings

if TYPE_CHECKING:
    from overread.domain.audit import AuditRow, ChainState, WithheldRow

LINES = ".jsonl"
BUNDLE = ".zip"

audit = typer.Typer(no_args_is_help=True, help="The hash-chained change record.")


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(audit, name="audit")


@audit.command("verify")
def verify(
    bundle: Annotated[
        Path | None,
        typer.Argument(help="A bundle, or exported lines: checked without database. Default: the database."),
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="The key that must have signed the bundle: fingerprint or public half.")
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(help="A bundle that was handed over: the database must still hold its chain."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Recompute the whole chain and check what is signed; exit 1 with what is wrong."""
    if bundle is not None and against is not None:
        raise typer.BadParameter("checks the database; leave the bundle out", param_hint="--against")
    if key is not None and bundle is None and against is None:
        raise typer.BadParameter("needs a bundle", param_hint="--key")
    if bundle is None:
        _verify_here(against, key, as_json=as_json)
    elif is_zipfile(bundle) or bundle.suffix == BUNDLE:
        _verify_bundle(bundle, key, as_json=as_json)
    else:
        from overread.domain.audit import verify_chain

        _tell(verify_chain(_lines(bundle)), {}, as_json=as_json)


def _verify_bundle(bundle: Path, key: str | None, *, as_json: bool) -> None:
    from bootstrap.bundles import check_bundle

    with _told(as_json=as_json):
        checked = check_bundle(bundle, key=key)
    chain = checked.chain
    answer(
        {
            "ok": True,
            "rows": chain.rows,
            "withheld": chain.withheld,
            "head": chain.head,
            "site": checked.site,
            "model": checked.model,
            "made_at": checked.made_at,
            "files": checked.files,
            "signed_by": checked.key,
            "expected_key": key is not None,
        },
        as_json=as_json,
    )
    if key is None:
        say(
            f"overread: signed by the key {checked.key}; ask the site whether that is its own "
            "(`overread doctor` prints it there), or give it with --key"
        )


def _verify_here(against: Path | None, key: str | None, *, as_json: bool) -> None:
    """Check the database's chain, the heads that were signed, and a bundle that left the site."""
    from bootstrap.bundles import check_bundle
    from bootstrap.heads import latest_in_chain, require_in_chain
    from bootstrap.signing import fingerprint_of
    from bootstrap.storage import open_storage

    chosen = settings()
    signed: dict[str, Any] | None = None
    with open_storage(chosen).look() as work:
        state = work.audit.verify()
        if state.ok:
            with _told(as_json=as_json):
                head = latest_in_chain(work, chosen.folder)
                if against is not None:
                    left = check_bundle(against, key=key)
                    said = f"was handed over in {against.name}"
                    require_in_chain(work, left.chain.rows, left.chain.head, said=said)
            if head is not None:
                by = fingerprint_of(head.signature.public)
                signed = {"seq": head.seq, "at": head.at.isoformat(), "by": by}
    _tell(state, {"signed_head": signed}, as_json=as_json)


def _tell(state: "ChainState", more: Mapping[str, object], *, as_json: bool) -> None:
    found = {"ok": state.ok, "rows": state.rows, "head": state.head, "first_bad": state.first_bad}
    answer({**found, **more}, as_json=as_json)
    if not state.ok:
        say(f"overread: the record was changed: row {state.first_bad} does not fit the one before it")
        raise typer.Exit(1)


@contextmanager
def _told(*, as_json: bool) -> Iterator[None]:
    """Answer in JSON too where something is wrong; the one line on standard error is told as always."""
    from overread.domain.errors import OverreadError

    try:
        yield
    except OverreadError as error:
        if as_json:
            answer({"ok": False, "wrong": str(error), "code": error.code}, as_json=True)
        raise


@audit.command("export")
def export(
    out: Annotated[
        Path, typer.Argument(help="FILE.zip: a signed bundle; FILE.jsonl: the rows alone, as they are.")
    ],
    model: Annotated[str | None, typer.Option(help="Only the change record of this version.")] = None,
    pdf: Annotated[
        bool, typer.Option("--pdf", help="Print the record beside it, where Chromium is.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Hand the record over: a bundle that anybody can check offline with `overread audit verify`.

    The bundle names no study and no patient. Reviewers' reasons are in it: read them before you hand it over.
    Lines (.jsonl) hold every row whole, study UIDs and all.
    """
    if out.suffix == BUNDLE:
        answer(_export_bundle(out, model, pdf=pdf), as_json=as_json)
    elif model is not None or pdf:
        raise typer.BadParameter("--model and --pdf are for a bundle: name it FILE.zip", param_hint="OUT")
    elif out.suffix == LINES or (out.exists() and not out.is_file()):
        answer(_export_lines(out), as_json=as_json)
    else:
        raise typer.BadParameter(
            "name it FILE.zip, a bundle, or FILE.jsonl, the rows alone", param_hint="OUT"
        )


def _export_bundle(out: Path, model: str | None, *, pdf: bool) -> dict[str, object]:
    from bootstrap.bundles import export_bundle
    from bootstrap.clock import utc_now
    from bootstrap.heads import sign_head
    from bootstrap.signing import SiteKey
    from bootstrap.storage import open_storage

    chosen, now = settings(), utc_now()
    storage = open_storage(chosen)
    with storage.look() as work:
        sign_head(work, chosen.folder, chosen.signing_key_path, now=now)
    with _whole_bytes(out) as file:
        manifest = export_bundle(storage, chosen, file, model=model, now=now)
    say("overread: reviewers' reasons are in the bundle; read them before you hand it over")
    return {
        "file": str(out),
        "files": len(manifest["files"]),
        "rows": manifest["head"]["seq"],
        "head": manifest["head"]["hash"],
        "signed_by": SiteKey.read(chosen.signing_key_path).fingerprint,
        "pdf": _printed(out) if pdf else [],
    }


def _printed(bundle: Path) -> list[str]:
    """Print the bundle's pages beside it; where that cannot be done, say so."""
    from zipfile import ZipFile

    from cli.printing import browser, print_page
    from overread.wording.catalogue import LANGUAGES

    chromium = browser()
    if chromium is None:
        say(
            "overread: no PDF: Chromium is not on this machine; the bundle's record.*.html print from any "
            "browser"
        )
        return []
    done = []
    with ZipFile(bundle) as archive:
        for language in LANGUAGES:
            out = bundle.with_suffix(f".{language}.pdf")
            if print_page(archive.read(f"record.{language}.html"), out, chromium=chromium):
                done.append(str(out))
            else:
                say(f"overread: no PDF in {language}: {chromium} printed none")
    return done


def _export_lines(out: Path) -> dict[str, object]:
    from bootstrap.bundles import row_record
    from bootstrap.storage import open_storage
    from overread.domain.audit import GENESIS

    rows, head = 0, GENESIS
    with whole(out) as file, open_storage(settings()).look() as work:
        for row in work.audit.walk():
            file.write(json.dumps(row_record(row), ensure_ascii=False) + "\n")
            rows, head = rows + 1, row.hash
    return {"file": str(out), "rows": rows, "head": head}


@contextmanager
def whole(out: Path) -> Iterator[TextIO]:
    """Open a text file that is there whole or not at all; a pipe or a device is written as it is."""
    with _whole_bytes(out) as file:
        lines = TextIOWrapper(file, encoding="utf-8")
        yield lines
        lines.detach()  # flushed; whoever opened the file closes it


@contextmanager
def _whole_bytes(out: Path) -> Iterator[BinaryIO]:
    if out.exists() and not out.is_file():
        with out.open("wb") as file:
            yield file
        return
    draft = out.with_name(f".{out.name}.new")
    try:
        with draft.open("wb") as file:
            yield file
        draft.replace(out)
    finally:
        draft.unlink(missing_ok=True)


def _lines(file: Path) -> Iterator["AuditRow | WithheldRow"]:
    """Yield the rows of exported lines."""
    from bootstrap.bundles import row_of
    from overread.domain.errors import MalformedError

    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                yield row_of(json.loads(line))
            except (ValueError, KeyError, TypeError) as error:
                raise MalformedError(f"{file}: line {number} is not a row of a change record") from error
