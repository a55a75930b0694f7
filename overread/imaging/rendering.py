"""One file's bytes to its grey picture, in this very process; untrusted ones go through `decoding`."""

from collections.abc import Callable

from overread.domain.errors import InputError, UnsupportedError
from overread.imaging import pixels, reading
from overread.imaging.pixels import Grey


def picture(
    data: bytes, size: int | None = None, *, center: float | None = None, width: float | None = None
) -> Grey:
    """Return a DICOM, PNG or JPEG file as a grey picture, in this very process: for trusted bytes."""
    if data.startswith((b"\x89PNG", b"\xff\xd8")):
        return pixels.grey_file(data, size)
    ds = reading.read(data)
    if not reading.is_picture(ds):
        raise UnsupportedError("this object has no picture to show")
    return pixels.grey(ds, size, center=center, width=width)


def attempt(decode: Callable[[], Grey]) -> tuple[dict[str, object], Grey | None]:
    """Return what to answer, and the picture if there is one; a broken file may raise anything."""
    try:
        image = decode()
    except InputError as error:
        return {"error": type(error).__name__, "text": str(error)[:1000]}, None
    except MemoryError:
        return {"error": "UndecodableError", "text": "the picture needs more memory than is allowed"}, None
    except Exception as error:  # the child must outlive one picture
        return {
            "error": "UndecodableError",
            "text": f"the picture cannot be decoded: {type(error).__name__}",
        }, None
    return {"shape": image.shape}, image
