"""What is taken for OHIF, and what is served where there is none."""

import base64
import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from overread.domain.errors import ConfigurationError, InputError
from serving.ohif import parcel
from tests.serving.builders import ClockedServices
from tests.serving.conftest import House, another

INDEX = """<head><link rel="icon" href="/assets/a.png"><script>window.PUBLIC_URL="/"</script>
<script rel="preload" as="script" src="/app-config.js"></script>
<script rel="preload" type="module" src="/init-service-worker.js"></script></head>"""
FILES = {
    "package/dist/index.html": INDEX,
    "package/dist/app.js": '__webpack_require__.p = "/";',
    "package/dist/app.css": "src: url(/font.woff2)",
    "package/dist/app.js.map": "{}",
    "package/dist/sw.js": "importScripts('https://elsewhere')",
    "package/dist/ort/large.wasm": "",
    "package/LICENSE": "MIT",
    "package/package.json": "{}",
}


@pytest.fixture
def packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small package in the place of the real one, whose digest is expected."""
    place = tmp_path / "ohif-app.tgz"
    with tarfile.open(place, "w:gz") as tar:
        for name, text in FILES.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    digest = base64.b64encode(hashlib.sha512(place.read_bytes()).digest()).decode()
    monkeypatch.setattr(parcel, "INTEGRITY", digest)
    return place


def test_only_the_very_package_is_unpacked_and_only_over_itself(packed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "ohif"
    for _ in range(2):
        parcel.unpack(packed, folder)
    files = {path.name for path in folder.iterdir()}
    assert files == {"index.html", "app.js", "app.css", "LICENSE", "overread-ohif.txt"}
    assert (folder / "app.js").read_text() == '__webpack_require__.p = "/ohif/";'
    assert (folder / "app.css").read_text() == "src: url(/ohif/font.woff2)"

    packed.write_bytes(packed.read_bytes() + b"\0")
    with pytest.raises(InputError, match="npm pack @ohif/app@3"):
        parcel.unpack(packed, folder)
    assert {path.name for path in folder.iterdir()} == files


def test_a_folder_of_somebody_elses_is_left_alone(packed: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").touch()
    with pytest.raises(InputError, match="holds something else"):
        parcel.unpack(packed, tmp_path / "mine")
    with pytest.raises(ConfigurationError, match="overread ohif"):
        parcel.require(tmp_path / "mine")


def test_the_viewer_is_served_below_its_path_to_whoever_may_see_studies(
    packed: Path, tmp_path: Path, house: House, services: ClockedServices
) -> None:
    parcel.unpack(packed, tmp_path / "ohif")
    assert house.ask("rita", "GET", "/ohif/viewer").status_code == 404  # it is off
    with another(house, services, ohif=tmp_path / "ohif") as with_ohif:
        shell = with_ohif.ask("rita", "GET", "/ohif/viewer", params={"StudyInstanceUIDs": "1.2"})
        assert 'href="/ohif/assets/a.png"' in shell.text
        assert "service-worker" not in shell.text
        script = base64.b64encode(hashlib.sha256(b'window.PUBLIC_URL="/ohif/"').digest()).decode()
        scripts = shell.headers["content-security-policy"].split(";")[1]
        assert scripts == f" script-src 'self' 'wasm-unsafe-eval' 'sha256-{script}'"
        assert "/dicomweb" in with_ohif.ask("rita", "GET", "/ohif/app-config.js").text
        assert with_ohif.ask("rita", "GET", "/ohif/app.css").status_code == 200
        assert "unsafe" not in with_ohif.ask("rita", "GET", "/").headers["content-security-policy"]
        for path in ("/ohif/viewer", "/ohif/app.css", "/ohif/app-config.js"):
            assert with_ohif.ask("dora", "GET", path).status_code == 403
            left = with_ohif.client.get(path, follow_redirects=False)
            assert (left.status_code, left.headers["location"][:6]) == (303, "/login")
        for path in ("/ohif/%2e%2e/ohif-app.tgz", "/ohif/nothing.js"):
            assert with_ohif.ask("rita", "GET", path).status_code == 404
