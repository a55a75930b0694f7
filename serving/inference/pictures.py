"""Pictures decoded for screening, kept until they are scored: none is decoded twice."""

from bootstrap.web import WebServices
from overread.domain.identifiers import Digest, StudyUid
from serving.inference.batching import LARGEST, Grey
from serving.inference.model_slot import ModelSlot

_MOST = 4 * LARGEST


class DecodedPictures:
    """The last pictures that were screened, at the size the model asked for then."""

    def __init__(self, services: WebServices, slot: ModelSlot) -> None:
        self._services = services
        self._slot = slot
        self._kept: dict[tuple[StudyUid, int], Grey] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def to_screen(self, study: StudyUid, content: bytes) -> Grey:
        """Decode at the size the model will ask for, and keep the picture until it does."""
        model = self._slot.current
        size = self._services.task.image_size if model is None else model.contract.size
        picture = self._services.decoder.decode(content, size)
        if model is not None:
            self._kept[study, size] = picture
            while len(self._kept) > _MOST:
                self._kept.pop(next(iter(self._kept)))
        return picture

    def to_score(self, study: StudyUid, digest: Digest, size: int) -> Grey:
        """Return what was kept of a study at this size, else the decoded object."""
        picture = self._kept.pop((study, size), None)
        if picture is not None:
            return picture
        return self._services.decoder.decode(self._services.storage.objects.get(digest), size)

    def forget(self, study: StudyUid) -> None:
        """Drop the pictures of a study."""
        for key in [key for key in self._kept if key[0] == study]:
            del self._kept[key]
