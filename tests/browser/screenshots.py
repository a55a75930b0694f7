"""Pictures of every page from a demo's own folder: `python -m tests.browser.screenshots DEMO_DIR OUT`."""

import json
import sys
from pathlib import Path

import httpx
from playwright.sync_api import Browser, Page, sync_playwright

from bootstrap.processes import Processes, free_port, web
from cli.demo.stage import PASSWORD
from overread.settings.environment import Settings
from tests.browser.conftest import CHROMIUM, QUIET

WIDTH, HEIGHT = 1440, 900


def pages(base: str, tokens: dict[str, str]) -> dict[str, tuple[str, str]]:
    """Return name -> (who looks, path) of every page, with the studies and candidates that the demo has."""
    headers = {"Authorization": f"Bearer {tokens['operator']}"}
    with httpx.Client(base_url=base, headers=headers, timeout=30) as http:
        found = http.get("/api/v1/studies?label=has_finding&state=predicted&limit=1").json()["items"]
        clear = http.get("/api/v1/studies?label=no_finding&state=predicted&limit=1").json()["items"]
        aside = http.get("/api/v1/studies?state=excluded&limit=1").json()["items"]
        held = http.get("/api/v1/studies?state=quarantined&limit=1").json()["items"]
        candidates = http.get("/api/v1/candidates").json()["items"]
    promoted = next(one["version"] for one in candidates if one["state"] == "promoted")
    shown = {
        "login": ("", "/login"),
        "worklist": ("resident-1", "/"),
        "adjudication": ("resident-2", "/adjudication"),
        "adjudication-today": ("resident-2", "/adjudication/today"),
        "candidates": ("reviewer-1", "/candidates"),
        "candidate": ("reviewer-1", f"/candidates/{promoted}"),
        "model-card": ("reviewer-1", f"/candidates/{promoted}/model-card"),
        "change-record": ("auditor", f"/candidates/{promoted}/change-record"),
        "reader-studies": ("resident-1", "/reader-studies"),
        "monitoring": ("reviewer-1", "/monitoring"),
        "retraining": ("reviewer-1", "/retraining"),
        "audit": ("auditor", "/audit"),
        "people": ("operator", "/people"),
        "person": ("operator", "/people/resident-1"),
        "account": ("resident-1", "/account"),
        "problem": ("resident-1", "/studies/1.2.3"),
    }
    for name, who, items in (
        ("reading-finding", "resident-1", found),
        ("reading-no-finding", "resident-1", clear),
        ("reading-excluded", "resident-1", aside),
        ("reading-quarantined", "operator", held),
    ):
        if items:
            shown[name] = (who, f"/studies/{items[0]['study_instance_uid']}")
    return shown


def shoot(browser: Browser, base: str, who: str, path: str, out: Path, language: str) -> None:
    """Open a page as somebody and keep its picture."""
    page: Page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
    page.goto(f"{base}/login?lang={language}")
    if who:
        page.fill("#username", who)
        page.fill("#password", PASSWORD)
        page.click("main button[type=submit]")
        page.click(f".topbar button[value={language}]")
        page.goto(base + path)
    if page.locator(".vp.current").count():
        page.wait_for_selector("main.ready canvas")
    page.screenshot(path=str(out))
    page.close()


def main() -> None:
    """Serve the folder and keep one picture a page and language."""
    folder, out = Path(sys.argv[1]).absolute(), Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    tokens = json.loads((folder / "tokens.json").read_text(encoding="utf-8"))
    port = free_port()
    with Processes(folder / "logs") as processes, sync_playwright() as playwright:
        processes.start(web(Settings(data_dir=folder, task="demo"), host="127.0.0.1", port=port))
        base = f"http://127.0.0.1:{port}"
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=QUIET)
        for name, (who, path) in pages(base, tokens).items():
            for language in ("en", "zh"):
                written = f"{path}?report={language}" if name.startswith("reading") else path
                shoot(browser, base, who, written, out / f"{name}-{language}.png", language)
        browser.close()


if __name__ == "__main__":
    main()
