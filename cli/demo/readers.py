"""The demo's people, over HTTP with tokens of their own: they see pictures, never the truth behind them.

What a person perceives comes from `Eyes`: the picture on the screen goes in, a noisy perception comes out.
"""

import io
import itertools
import random
import threading
import time
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

_PATIENCE = 600.0  # seconds that a call is tried again for: a scanner waits for the first model, too
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
            It stays busy for ten minutes.
        """
        wait, end = threading.Event(), time.monotonic() + _PATIENCE
        while time.monotonic() < end:
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

    def see(self, uid: str) -> "Seen | None":
        """Open one study and look at it; None where the model has not answered."""
        study = self.actor.get(f"/api/v1/studies/{uid}")
        if study["prediction"] is None:
            return None
        png = self.actor.call("GET", f"/api/v1/studies/{uid}/image.png").raise_for_status().content
        draft = self.actor.call("GET", f"/api/v1/studies/{uid}/report").raise_for_status()
        perception = self.eyes.perceive(png, self.reader, occasion="report")
        return Seen(
            uid=uid,
            by=self,
            perception=perception,
            size=self.eyes.size(png),
            differs=perception.label.value != study["prediction"]["label"],
            draft=draft.headers["ETag"],
        )

    def report(self, seen: "Seen", rng: random.Random) -> None:
        """Press the button or not where reader and model differ, then sign."""
        if seen.differs and rng.random() < self.reader.presses:
            self._press(seen)
        self._sign(seen)

    def _press(self, seen: "Seen") -> None:
        missed = seen.perception.label is Label.HAS_FINDING
        body = {
            "verdict": "disagree",
            "label": seen.perception.label.value,
            "kind": "missed_finding" if missed else "false_alarm",
            "findings": findings_of(seen.perception, seen.size),
        }
        self.actor.post(f"/api/v1/studies/{seen.uid}/feedback", body).raise_for_status()

    def _sign(self, seen: "Seen") -> None:
        digits = int(seen.uid[-9:].replace(".", "") or 0)
        said = dictate(seen.perception, self.language, np.random.default_rng(digits))
        body = {
            "status": "signed",
            "language": self.language,
            "label": seen.perception.label.value,
            "findings": findings_of(seen.perception, seen.size),
            "text": {"findings": said.findings, "impression": said.impression},
        }
        place, headers = f"/api/v1/studies/{seen.uid}/report", {"If-Match": seen.draft}
        self.actor.call("PUT", place, json=body, headers=headers).raise_for_status()

    def next_case(self) -> Json | None:
        """Ask for a blinded case; None where none waits for this person."""
        answer = self.actor.call("GET", "/api/v1/adjudication/next").raise_for_status()
        if answer.status_code == httpx.codes.NO_CONTENT:
            return None
        case: Json = answer.json()
        return case

    def read_case(self, case: Json) -> None:
        """Read a case blind; a senior decides it too."""
        png = self.actor.call("GET", case["images"][0]["url"]).raise_for_status().content
        perception = self.eyes.perceive(png, self.reader, occasion="case")
        findings = findings_of(perception, self.eyes.size(png))
        place = f"/api/v1/adjudication/{case['case']}"
        body = {"label": perception.label.value, "findings": findings}
        self.actor.post(f"{place}/reads", body).raise_for_status()
        if case["stage"] == "senior":
            reason = "own read, others seen"
            self.actor.post(f"{place}/resolution", {**body, "reason": reason}).raise_for_status()


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """One study as one reader saw it on the screen, not reported yet."""

    uid: str
    by: Radiologist
    perception: Perception
    size: int
    differs: bool
    draft: str


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


def send(device: Actor, paths: Iterable[Path]) -> None:
    """Send files over HTTP in their order, as a scanner does; raise where one is not taken."""
    headers = {"Content-Type": "application/dicom"}
    for path in paths:
        answer = device.call("POST", "/api/v1/instances", content=path.read_bytes(), headers=headers)
        answer.raise_for_status()


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
    """Let every study be read by one radiologist, in turn.

    They look at the same time and report in order: one seed gives one order of corrections.
    """
    readers = itertools.cycle(radiologists)
    with ThreadPoolExecutor(len(radiologists)) as pool:
        for seen in pool.map(lambda pair: pair[0].see(pair[1]), zip(readers, uids, strict=False)):
            if seen is not None:
                habit = random.Random(f"{seed}{seen.uid}")  # noqa: S311 - a habit, no secret
                seen.by.report(seen, habit)
            on_read()


def adjudicate_all(residents: Sequence[Radiologist], seniors: Sequence[Radiologist]) -> None:
    """Let residents read until nothing waits, then seniors decide.

    Cases are handed out in turn and read at the same time: one seed gives each reader the same cases.
    """
    for group in (residents, seniors):
        with ThreadPoolExecutor(len(group)) as pool:
            while waiting := [(one, case) for one in group if (case := one.next_case()) is not None]:
                list(pool.map(lambda pair: pair[0].read_case(pair[1]), waiting))


def decide(reviewer: Actor, version: str, decision: str, reason: str) -> httpx.Response:
    """Give one reviewer's decision."""
    return reviewer.post(f"/api/v1/candidates/{version}/decisions", {"decision": decision, "reason": reason})
