"""A page as PDF, printed by a Chromium of this machine where there is one."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE = 120  # seconds


def browser() -> str | None:
    """Return the Chromium of this machine; None where there is none."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def print_page(page: bytes, out: Path, *, chromium: str) -> bool:
    """Print a page into a file; say whether it was."""
    with tempfile.TemporaryDirectory() as folder:
        source, printed = Path(folder) / "page.html", Path(folder) / "page.pdf"
        source.write_bytes(page)
        as_root = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium's sandbox does not start as root
        subprocess.run(  # noqa: S603 - the browser of this machine and a page of our own
            [
                chromium,
                "--headless",
                "--disable-gpu",
                "--no-pdf-header-footer",
                f"--user-data-dir={folder}/profile",
                f"--print-to-pdf={printed}",
                *as_root,
                source.as_uri(),
            ],
            capture_output=True,
            check=False,
            timeout=PATIENCE,
        )
        if not printed.exists():
            return False
        shutil.copyfile(printed, out)
    return True
