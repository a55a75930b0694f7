"""Streams of events: who opens one, what it tells, how many there are; a server ends with them open."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from typing import Any

import anyio
import httpx
import pytest
import uvicorn

from overread.domain.identifiers import PersonKey
from serving import live
from serving.live import COME_AGAIN, COME_LATER, Streams
from serving.server import Server
from tests.serving.builders import a_dicom
from tests.serving.conftest import House

RITA = PersonKey("rita")


def told(heard: bytes, name: str) -> dict[str, Any]:
    """Return what the last event of a name tells."""
    told = heard.decode().rpartition(f"event: {name}\n")[2].splitlines()[0]
    found: dict[str, Any] = json.loads(told.removeprefix("data: "))
    return found


@contextmanager
def running(house: House) -> Iterator[tuple[Server, threading.Thread, str]]:
    """Serve the app of `house` on a port until the caller is done."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = uvicorn.Config(house.app, host="127.0.0.1", port=port, log_level="error", lifespan="off")
    server = Server(config, ending=house.app.state.web.streams.end)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        thread.join(0.02)
    try:
        yield server, thread, f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


def test_a_stream_tells_ids_alone_goes_on_from_where_it_broke_and_lets_the_server_end(house: House) -> None:
    sent = house.send(a_dicom(bright=True, seed=1, PatientName="Doe^Jane"), wait=None)
    uid = sent.json()["study_instance_uid"]
    headers = {"Authorization": f"Bearer {house.tokens['rita']}"}
    with (
        running(house) as (server, thread, address),
        httpx.stream("GET", f"{address}/events?after=0", headers=headers, timeout=20) as stream,
    ):
        assert stream.headers["content-type"].startswith("text/event-stream")
        parts = stream.iter_bytes()
        heard = next(parts)
        while b"event: news" not in heard:
            heard += next(parts)
        assert told(heard, "news")["arrived"] == [uid]
        assert told(heard, "locks") == {}
        assert b"Doe" not in heard
        server.should_exit = True
        rest = b"".join(parts)  # the stream ends by itself
        assert b"Doe" not in rest
        thread.join(10)
        assert not thread.is_alive()
    again = house.app.state.web.streams.told(RITA, 0)

    async def first() -> bytes:
        return await anext(again)

    assert anyio.run(first) == COME_LATER


def test_who_sees_no_studies_and_who_is_nobody_gets_no_stream(house: House) -> None:
    assert house.ask("dora", "GET", "/events").status_code == 403
    refused = house.client.get("/events", follow_redirects=False)
    assert (refused.status_code, refused.json()["code"]) == (401, "no-credentials")
    for place in ("-1", "x", str(2**60)):
        assert house.ask("rita", "GET", f"/events?after={place}").status_code == 422


def test_a_person_with_too_many_streams_is_asked_to_come_later_and_a_closed_one_makes_room(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MOST_EACH", 1)
    streams = house.app.state.web.streams

    async def opened(streams: Streams) -> list[bytes]:
        async with aclosing(streams.told(RITA, 0)) as held:
            first = await anext(held)
            second = await anext(streams.told(RITA, 0))
        return [first, second, await anext(streams.told(RITA, 0))]

    assert anyio.run(opened, streams) == [COME_AGAIN, COME_LATER, COME_AGAIN]
