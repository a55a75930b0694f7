"""Whether another training has room: what is free where the data lie, against what the last ones took."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from overread.domain.models import TrainingRun
from overread.domain.resources import Room
from overread.store.unit_of_work import UnitOfWork

LATEST = 5  # retrainings that are looked back on


def room_in(folder: Path, runs: Sequence[TrainingRun]) -> Room:
    """Return the room in a folder for another training; `runs` are the latest first."""
    disk = shutil.disk_usage(folder)
    known = [run.disk for run in runs if run.disk is not None]
    return Room(free=disk.free, total=disk.total, taken=tuple(known[:LATEST]))


def require_room(work: UnitOfWork, folder: Path) -> None:
    """Raise `NoRoomError` where a retraining as large as the last ones would fill the disk."""
    room_in(folder, work.monitoring.runs()).require()
