"""How many clicks and seconds a correction and a decision take, in the folder of a finished demo.

    python -m benchmarks.timed_walk DEMO_DIR [--chromium PATH]

A reader corrects the first study of the worklist and takes it back; a reviewer goes to where a candidate is
decided. Clicks are counted by the page itself, from the one after signing in; seconds are from the first
click to what was wanted, in a browser that knows no page yet.
"""

import argparse
import json
import time
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.viewer import QUIET
from bootstrap.processes import Processes, free_port, web
from cli.demo.stage import PASSWORD
from overread.settings.environment import Settings

COUNTED = """addEventListener("click", (event) => {
    if (event.isTrusted) sessionStorage.clicks = 1 + Number(sessionStorage.clicks ?? 0);
}, true);"""
CLICKS = "() => Number(sessionStorage.clicks ?? 0)"


def signed_in(browser: Browser, address: str, who: str) -> Page:
    """Sign somebody in, in a window of their own, and count clicks from there."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(f"{address}/login?lang=en")
    page.fill("#username", who)
    page.fill("#password", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_selector(".topbar button[value=en]")
    page.evaluate("sessionStorage.clear()")
    page.add_init_script(COUNTED)
    page.evaluate(COUNTED)
    return page


def correction(page: Page) -> dict[str, object]:
    """Disagree with the answer on the first study that has one, then take it back."""
    began = time.perf_counter()
    page.click("tr:has(.meter) a.open >> nth=0")
    page.click(".fb .no")
    page.wait_for_selector(".toast button")
    walk = {"walk": "correction", "clicks": page.evaluate(CLICKS), "seconds": _since(began)}
    page.click(".toast button")
    page.wait_for_selector(".toast button", state="detached")
    return walk


def decision(page: Page) -> dict[str, object]:
    """Go to where the latest candidate is decided on; the last click, not made here, would decide."""
    began = time.perf_counter()
    page.click('nav a[href="/candidates"]')
    page.click('td a[href^="/candidates/"] >> nth=0')
    page.wait_for_selector("#sign")
    seen = page.evaluate(
        "() => document.querySelector('#sign').getBoundingClientRect().top < window.innerHeight"
    )
    if not seen:
        page.click('a[href="#sign"]')
    return {"walk": "decision", "clicks": page.evaluate(CLICKS) + 1, "seconds": _since(began)}


def _since(began: float) -> float:
    return round(time.perf_counter() - began, 2)


def main() -> None:
    """Serve the folder, walk, and print a line of JSON for each walk."""
    parser = argparse.ArgumentParser(description="Walk through a demo's pages.")
    parser.add_argument("folder", type=Path, help="the folder of a finished demo")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    asked = parser.parse_args()
    folder = asked.folder.absolute()
    port = free_port()
    with Processes(folder / "logs") as processes, sync_playwright() as playwright:
        processes.start(web(Settings(data_dir=folder, task="demo"), host="127.0.0.1", port=port))
        address = f"http://127.0.0.1:{port}"
        browser = playwright.chromium.launch(executable_path=asked.chromium, args=QUIET)
        print(json.dumps(correction(signed_in(browser, address, "resident-1"))))
        print(json.dumps(decision(signed_in(browser, address, "reviewer-1"))))
        browser.close()


if __name__ == "__main__":
    main()
