"""How soon a film is there in a browser, and how smoothly its window is dragged: 3000 x 2500, 16 bits.

    python -m benchmarks.viewer [--chromium PATH]

Chromium runs without a window and without a graphics card, so WebGL is drawn by the processor. First paint is
from the click to the decoded image, the grey levels to the first canvas that is drawn from them; frames are
counted while the window is dragged for some seconds. Prints a line of JSON for what is used there, and one
for WebGL2 played by the processor, which the viewer declines.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from playwright.sync_api import Browser, sync_playwright
from pydicom.uid import ExplicitVRLittleEndian

from benchmarks.dicom_reduction import file_of
from bootstrap.clock import utc_now
from bootstrap.credentials import issue_token
from bootstrap.processes import Processes, free_port, web
from bootstrap.storage import initialise, open_storage
from overread.domain.identifiers import PersonKey
from overread.domain.people import Role, password_digest
from overread.settings.environment import Settings

ROWS, COLUMNS = 3000, 2500
PERSON, PASSWORD = PersonKey("reader"), "a-password-for-the-benchmark"  # of a folder that is thrown away
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
WITH_WEBGL = "WebGL2RenderingContext.prototype.getExtension = () => null;"  # so that nobody tells who draws
PAINTED = """() => {
    const image = document.querySelector(".film img");
    return image !== null && image.complete && image.naturalWidth > 0 && performance.now();
}"""
DRAWN = """() => document.querySelector("main.ready canvas") !== null && performance.now()"""
DRAGGED = """(seconds) => new Promise((done) => {
    const frame = document.querySelector(".vp.current");
    const middle = frame.getBoundingClientRect();
    const at = (kind, x) => frame.dispatchEvent(new PointerEvent(kind, {
        pointerId: 1, button: 0, bubbles: true, clientX: middle.left + x, clientY: middle.top + 200,
    }));
    frame.setPointerCapture = () => undefined;
    at("pointerdown", 300);
    const began = performance.now();
    let frames = 0;
    const step = () => {
        const passed = (performance.now() - began) / 1000;
        if (passed > seconds) {
            at("pointerup", 300);
            done(frames / passed);
            return;
        }
        frames += 1;
        at("pointermove", 300 + 100 * Math.sin(4 * passed));
        requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
})"""


def measured(browser: Browser, address: str, study: str, *, webgl: bool, seconds: float) -> dict[str, Any]:
    """Return the times of one visit in a new window, in ms from the start of the page."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    if webgl:
        page.add_init_script(WITH_WEBGL)
    page.goto(f"{address}/login?lang=en")
    page.fill("#username", PERSON)
    page.fill("#password", PASSWORD)
    page.click("main button[type=submit]")
    page.goto(f"{address}/studies/{study}", wait_until="commit")
    painted = page.wait_for_function(PAINTED, polling="raf").json_value()
    drawn = page.wait_for_function(DRAWN, polling="raf").json_value()
    frames = page.evaluate(DRAGGED, seconds)
    context.close()
    return {
        "painter": "webgl2" if webgl else "2d",
        "first_paint_ms": round(painted),
        "grey_levels_ms": round(drawn),
        "frames_a_second": round(frames, 1),
    }


def film() -> bytes:
    """Return a film as large as a detector's, of smooth shades with noise."""
    rng = np.random.default_rng(1)
    shade = np.add.outer(np.linspace(0, 2000, ROWS), 1000 * np.sin(np.linspace(0, 6, COLUMNS))) + 1500
    values = np.clip(shade + rng.normal(0, 60, (ROWS, COLUMNS)), 0, 4095).astype(np.uint16)
    return file_of(values, ExplicitVRLittleEndian)


def main() -> None:
    """Serve one film from a new data folder, and visit it."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--chromium", default="/usr/bin/chromium")
    asked.add_argument("--seconds", type=float, default=5.0, help="of dragging")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as name:
        settings, folder = Settings(data_dir=Path(name)), Path(name)
        initialise(settings)
        storage, now = open_storage(settings), utc_now()
        token = issue_token(storage, PersonKey("sender"), Role.DEVICE, now=now)
        with storage.work() as work:
            work.people.add(PERSON, Role.READER, password=password_digest(PASSWORD), at=now)
            work.people.set_password(PERSON, password_digest(PASSWORD))
            work.commit()
        port = free_port()
        with Processes(folder / "logs") as processes, sync_playwright() as playwright:
            processes.start(web(settings, host="127.0.0.1", port=port))
            address = f"http://127.0.0.1:{port}"
            headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/dicom"}
            sent = httpx.post(f"{address}/api/v1/instances", content=film(), headers=headers, timeout=60)
            study = sent.raise_for_status().json()["study_instance_uid"]
            browser = playwright.chromium.launch(executable_path=given.chromium, args=QUIET)
            for webgl in (False, True):
                print(json.dumps(measured(browser, address, study, webgl=webgl, seconds=given.seconds)))
            browser.close()


if __name__ == "__main__":
    main()
