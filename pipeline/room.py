"""What a training took of the disk, so that the next one is not begun without room."""

from pathlib import Path

from overread.settings.environment import Settings


def space_taken(settings: Settings, folder: Path, *, package_bytes: int) -> int:
    """Return the most bytes that a training held at a time on the disk of the data folder.

    Its folder counts twice, since a checkpoint is written whole beside the last one; its package once for
    each of objects and MLflow that lies there.
    """
    own = sum(file.stat().st_size for file in folder.iterdir() if file.is_file())
    copies = settings.keeps_objects + settings.keeps_mlflow
    return 2 * own + copies * package_bytes
