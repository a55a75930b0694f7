"""The model that serves, swapped while it serves: one reference, read once for each batch."""

import logging
import tempfile
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from bootstrap.signing import SiteKey, require_signed
from bootstrap.storage import Storage
from model_registry.packaging import Contract, Precision, unpack_graph
from overread.domain.errors import InputError, MalformedError
from overread.domain.identifiers import Digest, VersionKey
from overread.domain.models import ModelVersion
from serving.inference.heap import give_back

if TYPE_CHECKING:
    import onnxruntime as ort

_log = logging.getLogger(__name__)

INPUT = "pixels"
OUTPUTS = ("probability", "map", "embedding")

Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadedModel:
    """One version with its running graph; whoever holds it can finish, whatever is put in its place."""

    version: VersionKey
    digest: Digest
    contract: Contract
    precision: Precision
    session: "ort.InferenceSession"

    @classmethod
    def load(cls, version: ModelVersion, package: BinaryIO, *, threads: int) -> Self:
        """Open a version's package and prove that it answers; raise `InputError` where it does not."""
        from model_registry.sessions import session_of

        with tempfile.TemporaryDirectory(prefix="overread-graph-") as folder:
            graph = Path(folder) / "served.onnx"
            contract, precision = unpack_graph(package, graph)
            try:
                session = session_of(graph, threads=threads)
            except MalformedError as error:
                raise InputError(f"the graph of version {version.version} cannot be loaded") from error
        model = cls(
            version=version.version,
            digest=version.digest,
            contract=contract,
            precision=precision,
            session=session,
        )
        probability, place, _ = model.run(np.zeros((1, contract.size, contract.size), np.uint8))
        columns = 1 + len(contract.findings)
        if probability.shape != (1, columns) or place.ndim != 3:  # noqa: PLR2004 - (n, h, w)
            raise InputError(f"the graph of version {version.version} does not answer as its contract says")
        return model

    def run(self, pictures: NDArray[np.uint8]) -> tuple[Floats, Floats, Floats]:
        """Return probability (n, k), map (n, h, w) and embedding (n, d) of pictures (n, size, size)."""
        probability, place, embedding = self.session.run(OUTPUTS, {INPUT: pictures[:, None]})
        return probability, place, embedding


class ModelSlot:
    """Follows the production row; `current` is None until a version has been promoted."""

    def __init__(self, storage: Storage, *, task: str, threads: int, signing_key: Path) -> None:
        self._storage = storage
        self._task = task
        self._signing_key = signing_key
        self._threads = threads
        self._current: LoadedModel | None = None
        self._failure: str | None = None
        self._following = threading.Lock()

    @property
    def current(self) -> LoadedModel | None:
        """The version that serves now; read it once for each batch."""
        return self._current

    @property
    def failure(self) -> str | None:
        """Why the production version cannot be served here; None while all is well."""
        return self._failure

    def follow(self) -> bool:
        """Load what the production row says if it is not what serves; say whether something changed.

        A version that cannot be loaded leaves the one before it serving; the next call tries again.
        """
        with self._following:
            changed = self._follow()
            if changed:
                give_back()  # the old graph too, unless a batch is still with it
            return changed

    def _follow(self) -> bool:
        with self._storage.look() as work:
            wanted = work.models.production(self._task)
        serving = self._current
        if wanted is None or (serving is not None and serving.version == wanted.version):
            self._failure = None
            return False
        try:
            self._current = self._load(wanted, serving)
        except Exception as error:  # a broken package must not stop the version that serves
            if self._failure is None:
                _log.exception("version %s cannot be served", wanted.version)
            self._failure = f"version {wanted.version}: {error}"
            return False
        self._failure = None
        _log.info("version %s serves in %s", wanted.version, self._current.precision)
        return True

    def _load(self, wanted: ModelVersion, serving: LoadedModel | None) -> LoadedModel:
        require_signed(wanted, SiteKey.read(self._signing_key).public)
        if serving is not None and serving.digest == wanted.digest:
            return replace(serving, version=wanted.version)
        with self._storage.objects.opened(wanted.digest) as package:
            return LoadedModel.load(wanted, package, threads=self._threads)
