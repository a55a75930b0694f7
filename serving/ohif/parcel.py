"""The one release of OHIF that is served: which it is, that it is whole, and its files in a folder."""

import base64
import hashlib
import shutil
import tarfile
from pathlib import Path

from overread.domain.errors import ConfigurationError, InputError

PACKAGE, VERSION = "@ohif/app", "3.13.2"
INTEGRITY = "WZdxmpmG7rqFgW9ZJLcbgr3XCtLi1KDNPoMaeY5PPe6j4G4fjEjjkycZM6C6Zk2F87BKxFfpq+jd5xXZB9E8EA=="
"""SHA-512 of the npm package, as npm writes it."""
_MARK = "overread-ohif.txt"
_INSIDE = "package/dist/"
ROOT = "/ohif/"
_MOVED = {  # from where scripts load others, and styles their fonts: built in, not a setting
    "*.js": ('__webpack_require__.p = "/";', f'__webpack_require__.p = "{ROOT}";'),
    "*.css": ("url(/", f"url({ROOT}"),
}
_LICENCE = "package/LICENSE"
# what a radiograph needs none of: models in the browser, whole-slide imaging, maps of the source, a service
# worker that asks another company's servers
_LEFT = (
    "ort/",
    "dicom-microscopy-viewer/",
    "sw.js",
    "init-service-worker.js",
    "google.js",
    "oidc-client.min.js",
)


def unpack(parcel: Path, folder: Path) -> None:
    """Put the viewer's files, made to be served below `ROOT`, into a folder that is new or held them before.

    Raises
    ------
    InputError
        The file is not the npm package of this release, bit for bit, or the folder holds something else.
    """
    try:
        with parcel.open("rb") as content:
            found = base64.b64encode(hashlib.file_digest(content, "sha512").digest()).decode()
    except OSError as error:
        raise InputError(f"{parcel} cannot be read: {error.strerror}") from error
    if found != INTEGRITY:
        raise InputError(
            f"{parcel.name} is not {PACKAGE} {VERSION}; get it with npm pack {PACKAGE}@{VERSION}"
        )
    if folder.exists() and any(folder.iterdir()) and not (folder / _MARK).exists():
        raise InputError(f"{folder} holds something else; give an empty folder")
    coming = folder.with_name(f".{folder.name}-coming")
    shutil.rmtree(coming, ignore_errors=True)
    coming.mkdir(parents=True)
    with tarfile.open(parcel) as tar:
        tar.extractall(coming, filter=_served)  # noqa: S202 - its digest is known, and the filter strict
    for pattern, (at_the_root, below) in _MOVED.items():
        for file in coming.glob(pattern):
            file.write_bytes(file.read_bytes().replace(at_the_root.encode(), below.encode()))
    (coming / _MARK).write_text(f"{PACKAGE} {VERSION}\n", encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    coming.replace(folder)


def _served(member: tarfile.TarInfo, folder: str) -> tarfile.TarInfo | None:
    """Return a file of the package under the name it is served by; None for what is left out."""
    name = member.name.removeprefix(_INSIDE) if member.name != _LICENCE else "LICENSE"
    if name == member.name or name.startswith(_LEFT) or name.endswith(".map"):
        return None
    return tarfile.data_filter(member.replace(name=name), folder)


def require(folder: Path) -> None:
    """Raise `ConfigurationError` unless a folder holds this release."""
    mark = folder / _MARK
    if not mark.exists() or mark.read_text(encoding="utf-8").strip() != f"{PACKAGE} {VERSION}":
        raise ConfigurationError(
            f"OVERREAD_OHIF: {folder} does not hold OHIF {VERSION}; run `overread ohif` to put it there"
        )
