"""The RIS's own server: its list of studies, its page, and a token for whoever sits before it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from string import Template

import httpx

from overread.wording.catalogue import LANGUAGES, catalogue

MEDIA = {"ris.js": "text/javascript", "ris.css": "text/css"}
_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """One study on the RIS's list."""

    uid: str
    accession: str
    patient: str
    time: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Overread:
    """Where Overread is, and the credential (`--only vouch`) by which this RIS says who reads."""

    address: str
    token: str

    def lend(self, reader: str) -> str:
        """Return a token for the widget of a reader."""
        answer = httpx.post(
            f"{self.address}/api/v1/widget-tokens",
            headers={"Authorization": f"Bearer {self.token}"},
            json={"person": reader},
            timeout=_SECONDS,
        )
        return str(answer.raise_for_status().json()["token"])


class ForeignRis(ThreadingHTTPServer):
    """Serves the RIS on a port of its own, so on an origin of its own."""

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Answer)
        self.overread = Overread(address="", token="")
        self.reader = ""
        self.studies: Sequence[Listed] = ()

    @property
    def origin(self) -> str:
        """How a browser names this origin."""
        return f"http://127.0.0.1:{self.server_port}"

    def page(self, language: str) -> str:
        """Return the RIS's page in a language."""
        words = catalogue(language)
        texts = {
            key.removeprefix("foreign_ris."): escape(words.raw(key))
            for key in words.keys
            if key.startswith("foreign_ris.")
        }
        return Template(_file("index.html").decode()).substitute(
            texts,
            language={"zh": "zh-CN"}.get(language, language),
            overread=escape(self.overread.address),
            token=escape(self.overread.lend(self.reader)),
            reader=escape(self.reader),
            rows="\n".join(_row(study, texts["view"]) for study in self.studies),
        )


class _Answer(BaseHTTPRequestHandler):
    """Answers one request."""

    server: ForeignRis

    def do_GET(self) -> None:
        """Answer with the page, a file of it, or a fresh token."""
        path, _, query = self.path.partition("?")
        if path == "/":
            language = query.removeprefix("lang=")
            page = self.server.page(language if language in LANGUAGES else LANGUAGES[0])
            self._send(page.encode(), "text/html; charset=utf-8")
        elif path == "/token":
            token = self.server.overread.lend(self.server.reader)
            self._send(json.dumps({"token": token}).encode(), "application/json")
        elif (name := path.removeprefix("/")) in MEDIA:
            self._send(_file(name), MEDIA[name])
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    def _send(self, content: bytes, media_type: str) -> None:
        there = self.server.overread.address
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(content)))
        # as strict as a careful house has it: the widget needs no more than these two
        sources = {"default-src": "", "img-src": "data:", "script-src": there, "connect-src": there}
        policy = "; ".join(f"{name} 'self' {more}" for name, more in sources.items())
        self.send_header("Content-Security-Policy", policy)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_said: object) -> None:
        """Keep quiet: this is for looking at."""


def _row(study: Listed, view: str) -> str:
    accession, patient = escape(study.accession), escape(study.patient)
    return (
        f'<tr data-uid="{escape(study.uid)}" data-accession="{accession}" tabindex="0">'
        f"<td>{accession}<small>{patient} · {view}</small></td><td>{escape(study.time)}</td></tr>"
    )


def _file(name: str) -> bytes:
    return (files("cli.foreign_ris") / name).read_bytes()
