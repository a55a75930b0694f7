"""OHIF itself, in a real browser, over our DICOMweb: `make ohif` fetches it."""

import io
import os
from base64 import b64decode
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page
from pydicom import dcmread
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGLSLossless

from serving.ohif.parcel import PACKAGE, VERSION
from tests.browser.conftest import a_window, chromium, on_a_port  # noqa: F401 - a fixture by its name
from tests.serving.builders import SIDE, ClockedServices, a_dicom, a_picture
from tests.serving.conftest import (  # noqa: F401 - fixtures, found by their names
    House,
    another,
    decoder,
    house,
    served,
    services,
    settings,
    site,
)
from tests.serving.pages.builders import set_passwords

FOLDER = Path(os.environ.get("OVERREAD_TEST_OHIF", Path(__file__).resolve().parents[2] / ".ohif"))
STARTS_MS = 60_000  # 25 MB of scripts on a busy machine
PAINTED = """() => {
    const canvas = document.querySelector("canvas.cornerstone-canvas");
    if (!canvas || canvas.width < 100) { return false; }
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return new Set(data.filter((_, at) => at % 4 === 0)).size > 50;
}"""
SHOWN = """() => {
    const canvas = document.querySelector("canvas.cornerstone-canvas");
    return canvas.toDataURL("image/png").split(",")[1];
}"""


def compressed(content: bytes) -> bytes:
    """Return an object in JPEG-LS, which the viewer decodes with WebAssembly in a worker."""
    ds = dcmread(io.BytesIO(content))
    ds.PixelData = encapsulate([bytes(imagecodecs.jpegls_encode(ds.pixel_array))])
    ds["PixelData"].is_undefined_length = True
    ds.file_meta.TransferSyntaxUID = JPEGLSLossless
    file = io.BytesIO()
    ds.save_as(file)
    return file.getvalue()


def shown(page: Page) -> NDArray[np.int64]:
    """Return the grey levels on the viewer's canvas once a picture is painted on it."""
    page.wait_for_function(PAINTED, timeout=STARTS_MS)
    picture: NDArray[Any] = imagecodecs.png_decode(b64decode(page.evaluate(SHOWN)))
    return picture[:, :, 0].astype(np.int64)


@pytest.fixture
def with_ohif(served: House, services: ClockedServices) -> Any:  # noqa: F811 - the fixtures
    if not FOLDER.exists():
        pytest.skip(f"no OHIF in {FOLDER}: run `make ohif` ({PACKAGE} {VERSION}), or set OVERREAD_TEST_OHIF")
    with another(served, services, ohif=FOLDER) as open_house:
        yield open_house


def test_ohif_opens_a_study_from_its_page_and_paints_the_picture(
    with_ohif: House,
    served: House,  # noqa: F811 - the fixture
    chromium: Browser,  # noqa: F811 - the fixture
) -> None:
    uid = served.send(compressed(a_dicom(seed=1, PatientName="Wang^Li"))).json()["study_instance_uid"]
    set_passwords(with_ohif)
    with on_a_port(with_ohif.app) as address, a_window(chromium, address) as desk:
        desk.open(f"/ohif/viewer?StudyInstanceUIDs={uid}")
        assert "/login" in desk.page.url  # nothing of it for whoever is not signed in
        desk.sign_in("rita", language="en")
        desk.open(f"/studies/{uid}")
        with desk.page.expect_popup() as opened:
            desk.page.get_by_role("link", name="Open in OHIF").click()
        page, refused = opened.value, list[str]()
        page.on("response", lambda answer: refused.append(answer.url) if answer.status >= 400 else None)
        page.on("requestfailed", lambda request: refused.append(request.url))
        canvas = shown(page)
        side = min(canvas.shape)
        top, left = (canvas.shape[0] - side) // 2, (canvas.shape[1] - side) // 2
        at = ((np.arange(SIDE) + 0.5) * side / SIDE).astype(int)
        seen = canvas[np.ix_(top + at, left + at)]
        assert np.corrcoef(seen.ravel(), a_picture(bright=True, seed=1).ravel())[0, 1] > 0.99
        assert page.evaluate("window.crossOriginIsolated")
        assert refused == []
        page.goto(f"{address}/ohif/")
        page.get_by_text("Wang, Li").wait_for(timeout=STARTS_MS)
