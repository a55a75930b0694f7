"""What the next training would take, and whether it is there: a device, and room on the disk."""

from collections.abc import Sequence
from typing import Any

from model_registry.room import room_in
from overread.domain.models import TrainingRun
from serving.pages.formats import size
from serving.pages.visits import Visit

AUTO = "auto"


def resources_view(visit: Visit, runs: Sequence[TrainingRun]) -> dict[str, Any]:
    """Return the device of the last training that said it, and the disk; `runs` are the latest first.

    The web process has no torch to ask: what `auto` stands for is known from the last training.
    """
    settings = visit.web.services.settings
    room = room_in(settings.folder, runs)
    asked = settings.device
    last = next((run for run in runs if run.device is not None and asked in {AUTO, run.device.place}), None)
    return {
        "asked": asked,
        "device": None if last is None else last.device,
        "memory": "" if last is None or last.device is None else size(last.device.memory),
        "at": visit.formats.instant(None if last is None else last.finished_at),
        "free": size(room.free),
        "total": size(room.total),
        "needed": None if room.needed is None else size(room.needed),
        "n": len(room.taken),
        "suffices": room.suffices,
    }
