"""OHIF under `/ohif/`: to whoever may see studies, with our configuration and a policy of its own."""

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.staticfiles import StaticFiles

from serving.ohif import parcel
from serving.ohif.parcel import ROOT
from serving.pages.routing import PageRoute
from serving.security.permissions import Viewer

_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_WORKER = re.compile(r"<script [^>]*init-service-worker\.js[^>]*></script>")
_SOURCE = {
    "namespace": "@ohif/extension-default.dataSourcesModule.dicomweb",
    "sourceName": "overread",
    "configuration": {
        "friendlyName": "Overread",
        "name": "overread",
        "qidoSupportsIncludeField": True,
        "imageRendering": "wadors",
        "thumbnailRendering": "wadors",
        "enableStudyLazyLoad": True,
        "supportsFuzzyMatching": False,
        "supportsWildcard": True,
        "supportsReject": False,
        "dicomUploadEnabled": False,
        "singlepart": "",
        "bulkDataURI": {"enabled": False},
        "omitQuotationForMultipartRequest": True,
    },
}
_CONFIGURATION = {
    "routerBasename": ROOT.rstrip("/"),
    "extensions": [],
    "modes": [],
    "showStudyList": True,
    "maxNumberOfWebWorkers": 3,
    "showLoadingIndicator": True,
    "showErrorDetails": "production",
    "defaultDataSourceName": "overread",
    "dataSources": [_SOURCE],
}
# the archive's address is absolute, as the viewer compares addresses as texts
CONFIGURATION = f"""window.config = {json.dumps(_CONFIGURATION)};
const roots = ["wadoUriRoot", "qidoRoot", "wadoRoot"];
const archive = `${{window.location.origin}}/dicomweb`;
Object.assign(
    window.config.dataSources[0].configuration,
    Object.fromEntries(roots.map((root) => [root, archive])),
);
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shell:
    """The viewer's one page, as it is served below `ROOT`, and the policy under which it runs."""

    page: bytes
    policy: str


def shell_of(index: str) -> Shell:
    """Return the page with its addresses moved below `ROOT` and without its service worker.

    Scripts in the page are named in the policy by their digests, so that no other can be slipped in;
    WebAssembly decodes pictures, in workers; styles are made by scripts.
    """
    moved = _WORKER.sub("", re.sub(r'(src|href|content|PUBLIC_URL)="/', rf'\1="{ROOT}', index))
    digests = (hashlib.sha256(script.encode()).digest() for script in _INLINE.findall(moved))
    named = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    return Shell(page=moved.encode(), policy=_policy(f"'wasm-unsafe-eval' {named}"))


def _policy(scripts: str) -> str:
    return (
        f"default-src 'self'; script-src 'self' {scripts}; worker-src 'self' blob:; "
        "connect-src 'self' blob: data:; img-src 'self' data: blob:; font-src 'self' data:; "
        "style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    )


# Of a script its policy counts where it is a worker: there the decoders of compressed pictures write
# functions of their own (Emscripten's bindings), away from the page.
WORKER_POLICY = _policy("'wasm-unsafe-eval' 'unsafe-eval'")


def mount(app: FastAPI, folder: Path) -> None:
    """Serve the viewer that `overread ohif` put into a folder.

    Raises
    ------
    ConfigurationError
        There is none, or another release.
    """
    parcel.require(folder)
    router = APIRouter(prefix=ROOT.rstrip("/"), include_in_schema=False, route_class=PageRoute)
    shell = shell_of((folder / "index.html").read_text(encoding="utf-8"))
    files = StaticFiles(directory=folder)
    headers = {
        "Cross-Origin-Embedder-Policy": "require-corp",  # with COOP: memory that its workers share
        "Cache-Control": "private, max-age=3600",
    }

    @router.get("/app-config.js")
    async def configuration(_by: Viewer) -> Response:
        return Response(CONFIGURATION, media_type="text/javascript", headers=headers)

    @router.get("/{path:path}")
    async def file(request: Request, path: str, _by: Viewer) -> Response:
        if "." not in path.rpartition("/")[2] or path == "index.html":  # an address within the viewer
            own = headers | {"Content-Security-Policy": shell.policy}
            return Response(shell.page, media_type="text/html; charset=utf-8", headers=own)
        found = await files.get_response(path, request.scope)
        found.headers.update(headers)
        if path.endswith(".js"):
            found.headers["Content-Security-Policy"] = WORKER_POLICY
        return found

    app.include_router(router)
