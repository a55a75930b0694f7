"""Room for trainings on the disk: whether the next one has it, and what one took."""

from pathlib import Path

from model_registry.room import room_in
from monitoring.alerts import raise_once, resolve_gone
from overread.domain.alerts import Urgency
from overread.settings.environment import Settings
from pipeline.services import PipelineServices

NO_ROOM_ALERT = "no-room"
_GIB = 1 << 30


def has_room(services: PipelineServices) -> bool:
    """Say whether another retraining has room; while it has none an alert stands, with both amounts."""
    with services.storage.look() as work:
        room = room_in(services.settings.folder, work.monitoring.runs())
        told = bool(work.monitoring.alerts_not_gone(NO_ROOM_ALERT))
    if room.suffices and not told:
        return True
    with services.storage.work() as work:
        if room.suffices:
            resolve_gone(work, NO_ROOM_ALERT, now=services.now())
        else:
            amounts = {"free": room.free, "needed": room.needed or 0}
            facts = {name: f"{amount / _GIB:.1f} GiB" for name, amount in amounts.items()}
            raise_once(work, NO_ROOM_ALERT, Urgency.WARNING, facts, now=services.now())
        work.commit()
    return room.suffices


def space_taken(settings: Settings, folder: Path, *, package_bytes: int) -> int:
    """Return the most bytes that a training held at a time on the disk of the data folder.

    Its folder counts twice, since a checkpoint is written whole beside the last one; its package once for
    each of objects and MLflow that lies there.
    """
    own = sum(file.stat().st_size for file in folder.iterdir() if file.is_file())
    copies = settings.keeps_objects + settings.keeps_mlflow
    return 2 * own + copies * package_bytes
