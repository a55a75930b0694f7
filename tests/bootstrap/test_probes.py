"""An address answers, or it does not; nothing is raised."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from bootstrap.probes import answers
from bootstrap.processes import free_port


class Guarded(BaseHTTPRequestHandler):
    """Answers 200 at /open, and at /guarded to who shows `name:p@ss`."""

    def do_GET(self) -> None:
        known = self.headers.get("Authorization") == "Basic bmFtZTpwQHNz"
        self.send_response(200 if self.path == "/open" or (self.path == "/guarded" and known) else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), Guarded)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_only_an_answer_of_200_counts(port: int) -> None:
    assert answers(f"http://127.0.0.1:{port}/open", seconds=5)
    assert not answers(f"http://127.0.0.1:{port}/closed", seconds=5)
    assert not answers(f"http://127.0.0.1:{port}", seconds=5)


def test_name_and_password_of_an_address_are_shown_to_the_server(port: int) -> None:
    assert answers(f"http://name:p%40ss@127.0.0.1:{port}/guarded", seconds=5)
    assert not answers(f"http://127.0.0.1:{port}/guarded", seconds=5)


def test_an_address_where_nobody_listens_does_not_answer() -> None:
    assert not answers(f"http://127.0.0.1:{free_port()}/", seconds=5)


def test_a_server_that_speaks_no_tls_does_not_answer_https(port: int) -> None:
    assert not answers(f"https://127.0.0.1:{port}/open", seconds=5)
