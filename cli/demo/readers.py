"""The demo's people, over HTTP with tokens of their own: they see pictures, never the truth behind them.

What a person perceives comes from `Eyes`: the picture on the screen goes in, a noisy perception comes out.
"""

import io
import random
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from PIL import Image

from cli.demo.department import sight_of
from overread.domain.errors import UnavailableError
from overread.domain.findings import Label
from overread.simulation.dictation import dictate
from overread.simulation.population import SimulatedStudy
from overread.simulation.readers import Perception, Reader, look

_TRIES = 8
Json = dict[str, Any]


class Actor:
    """One person or program: a token, and calls that wait when they are asked to."""

    def __init__(self, base: str, name: str, token: str) -> None:
        self.name = name
        self._http = httpx.Client(base_url=base, headers={"Authorization": f"Bearer {token}"}, timeout=60.0)

    def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Call and return the answer; 429 and 503 are tried again after the pause they name.

        Raises
        ------
        UnavailableError
            It stays busy.
        """
        wait = threading.Event()
        for _ in range(_TRIES):
            answer = self._http.request(method, path, **options)
            if answer.status_code not in {429, 503}:
                return answer
            wait.wait(float(answer.headers.get("Retry-After", "1")))
        raise UnavailableError(f"{method} {path} stays busy")

    def get(self, path: str) -> Any:
        """Return the JSON of a GET; raise where it fails."""
        return self.call("GET", path).raise_for_status().json()

    def post(self, path: str, body: Json) -> httpx.Response:
        """Post a body under a fresh idempotency key."""
        return self.call("POST", path, json=body, headers={"Idempotency-Key": uuid.uuid4().hex})

    def close(self) -> None:
        """Hang up."""
        self._http.close()


class Eyes:
    """From a picture on the screen to what one reader makes of it."""

    def __init__(self, shown: Mapping[str, SimulatedStudy]) -> None:
        self._shown = dict(shown)

    def add(self, shown: Mapping[str, SimulatedStudy]) -> None:
        """Let further pictures be seen."""
        self._shown |= shown

    def perceive(self, png: bytes, reader: Reader, *, occasion: str) -> Perception:
        """Return a reader's noisy perception of a picture; the same again on the same occasion."""
        image = np.asarray(Image.open(io.BytesIO(png)).convert("L"), np.uint8)
        study = self._shown.get(sight_of(image))
        return Perception() if study is None else look(reader, study, occasion=occasion)

    def size(self, png: bytes) -> int:
        """Return the width of a picture."""
        return int(Image.open(io.BytesIO(png)).width)


@dataclass(frozen=True, kw_only=True)
class Radiologist:
    """An actor with eyes and habits."""

    actor: Actor
    reader: Reader
    eyes: Eyes
    language: str = "en"

    def read_study(self, uid: str, rng: random.Random) -> None:
        """Report one study that has an answer: press the button or not where they differ, then sign."""
        study = self.actor.get(f"/api/v1/studies/{uid}")
        if study["prediction"] is None:
            return
        png = self.actor.call("GET", f"/api/v1/studies/{uid}/image.png").raise_for_status().content
        perception = self.eyes.perceive(png, self.reader, occasion="report")
        differs = perception.label.value != study["prediction"]["label"]
        if differs and rng.random() < self.reader.presses:
            self._press(uid, perception, self.eyes.size(png))
        self._sign(uid, perception, self.eyes.size(png))

    def _press(self, uid: str, perception: Perception, size: int) -> None:
        missed = perception.label is Label.HAS_FINDING
        body = {
            "verdict": "disagree",
            "label": perception.label.value,
            "kind": "missed_finding" if missed else "false_alarm",
            "findings": findings_of(perception, size),
        }
        self.actor.post(f"/api/v1/studies/{uid}/feedback", body).raise_for_status()

    def _sign(self, uid: str, perception: Perception, size: int) -> None:
        place = f"/api/v1/studies/{uid}/report"
        draft = self.actor.call("GET", place)
        draft.raise_for_status()
        said = dictate(perception, self.language, np.random.default_rng(int(uid[-9:].replace(".", "") or 0)))
        body = {
            "status": "signed",
            "language": self.language,
            "label": perception.label.value,
            "findings": findings_of(perception, size),
            "text": {"findings": said.findings, "impression": said.impression},
        }
        headers = {"If-Match": draft.headers["ETag"]}
        self.actor.call("PUT", place, json=body, headers=headers).raise_for_status()

    def adjudicate(self) -> None:
        """Read blinded cases until none waits for this person."""
        while True:
            answer = self.actor.call("GET", "/api/v1/adjudication/next")
            if answer.status_code == httpx.codes.NO_CONTENT:
                return
            self._read_case(answer.raise_for_status().json())

    def _read_case(self, case: Json) -> None:
        png = self.actor.call("GET", case["images"][0]["url"]).raise_for_status().content
        perception = self.eyes.perceive(png, self.reader, occasion="case")
        findings = findings_of(perception, self.eyes.size(png))
        place = f"/api/v1/adjudication/{case['case']}"
        body = {"label": perception.label.value, "findings": findings}
        self.actor.post(f"{place}/reads", body).raise_for_status()
        if case["stage"] == "senior":
            reason = "own read, others seen"
            self.actor.post(f"{place}/resolution", {**body, "reason": reason}).raise_for_status()


def findings_of(perception: Perception, size: int) -> list[Json]:
    """Return what was perceived as findings on the wire, boxes kept inside the picture."""
    shapes = []
    for seen in perception.findings:
        finding = seen.finding(size)
        corners = (
            None
            if finding.box is None
            else [min(max(edge, 0.0), float(size)) for edge in finding.box.corners]
        )
        shape: Json = {"code": str(finding.code)}
        if corners is not None and corners[0] < corners[2] and corners[1] < corners[3]:
            shape["box"] = corners
        if finding.side is not None:
            shape["side"] = finding.side.value
        if finding.zone is not None:
            shape["zone"] = finding.zone.value
        shapes.append(shape)
    return shapes


def send(device: Actor, paths: Sequence[Path], on_sent: Callable[[], None]) -> None:
    """Send files over HTTP, four at a time; raise where one is not taken."""

    def one(path: Path) -> None:
        headers = {"Content-Type": "application/dicom"}
        answer = device.call("POST", "/api/v1/instances", content=path.read_bytes(), headers=headers)
        answer.raise_for_status()

    with ThreadPoolExecutor(4) as pool:
        for _ in pool.map(one, paths):
            on_sent()


def wait_until_read(operator: Actor, *, seconds: float) -> None:
    """Wait until no study waits for screening or the model; raise `UnavailableError` after `seconds`."""
    pause, steps = threading.Event(), int(seconds / 0.25)
    for _ in range(steps):
        waiting = [
            operator.get(f"/api/v1/studies?state={state}&limit=1")["items"]
            for state in ("received", "screened")
        ]
        if not any(waiting):
            return
        pause.wait(0.25)
    raise UnavailableError("studies still wait for the model")


def read_all(
    radiologists: Sequence[Radiologist], uids: Iterable[str], *, seed: int, on_read: Callable[[], None]
) -> None:
    """Let every study be read by one radiologist, in turn."""

    def one(place: int, uid: str) -> None:
        habit = random.Random(f"{seed}{uid}")  # noqa: S311 - a habit, no secret
        radiologists[place % len(radiologists)].read_study(uid, habit)

    with ThreadPoolExecutor(4) as pool:
        for _ in pool.map(lambda pair: one(*pair), enumerate(uids)):
            on_read()


def adjudicate_all(residents: Sequence[Radiologist], seniors: Sequence[Radiologist]) -> None:
    """Let residents read until nothing waits, then seniors decide."""
    for group in (residents, seniors):
        with ThreadPoolExecutor(len(group)) as pool:
            list(pool.map(Radiologist.adjudicate, group))  # the list lets what was raised be heard


def decide(reviewer: Actor, version: str, decision: str, reason: str) -> httpx.Response:
    """Give one reviewer's decision."""
    return reviewer.post(f"/api/v1/candidates/{version}/decisions", {"decision": decision, "reason": reason})
