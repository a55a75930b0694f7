"""A study drawn: the picture as its scanner stores it, and the small grey one that a network sees.

`draw(study, size)` gives stored values (uint16, as they go into PixelData: MONOCHROME1 makers are inverted
already) with their window, and the truth boxes in pixels. `rendered(study or drawn, size)` gives the grey
uint8 picture, bright where much is absorbed, without making a DICOM file. Both depend on the study alone.
`single_threaded` belongs at the start of every process that draws: OpenCV's own threads only slow it down.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from overread.domain.findings import Box
from overread.domain.identifiers import FindingCode
from overread.simulation.anatomy import attenuation_of
from overread.simulation.belongings import paint_belongings
from overread.simulation.canvas import Canvas
from overread.simulation.lesions import paint, plan
from overread.simulation.population import SimulatedStudy
from overread.simulation.scanners import MAKERS, Exposure, expose
from overread.simulation.seeds import stream

DRAWN = 384  # usual size of a drawing
LEARNED = 192  # usual size of what a network sees


@dataclass(frozen=True, kw_only=True, slots=True)
class DrawnStudy:
    """One study's picture: what the scanner stores, and where the findings truly are, in its pixels."""

    exposure: Exposure
    boxes: tuple[tuple[FindingCode, Box], ...]

    @property
    def stored(self) -> NDArray[np.uint16]:
        """Stored values, (size, size) uint16."""
        return self.exposure.stored

    @property
    def size(self) -> int:
        """Rows, and columns."""
        return int(self.exposure.stored.shape[0])


def single_threaded() -> None:
    """Keep OpenCV to one thread in this process."""
    cv2.setNumThreads(1)


def draw(study: SimulatedStudy, size: int = DRAWN) -> DrawnStudy:
    """Draw one study, (size, size); `size` is a multiple of four."""
    base = study.chest
    lesions = [plan(f.code, base, subtlety=f.subtlety, seed=f.seed) for f in study.findings]
    chest, forked = base, None
    for lesion in lesions:
        chest = replace(chest, **lesion.measures)  # type: ignore[arg-type]  # measures name float fields of Chest only
        forked = lesion.forked or forked
    canvas = Canvas(size=size, tilt=chest.tilt)
    attenuation, open_lung = attenuation_of(canvas, chest, forked=forked)
    for lesion in lesions:
        paint(canvas, attenuation, lesion, open_lung)
    paint_belongings(canvas, chest, attenuation, stream("belongings", study.seed))
    exposure = expose(attenuation, MAKERS[study.maker], stream("exposure", study.seed))
    return DrawnStudy(exposure=exposure, boxes=boxes_in_pixels(study, size))


def rendered(
    study: SimulatedStudy | DrawnStudy, size: int = LEARNED, *, drawn_at: int = DRAWN
) -> NDArray[np.uint8]:
    """Return the grey picture, (size, size) uint8; a study is drawn at `drawn_at`, then reduced by area."""
    drawn = study if isinstance(study, DrawnStudy) else draw(study, drawn_at)
    return np.asarray(cv2.resize(drawn.exposure.grey(), (size, size), interpolation=cv2.INTER_AREA), np.uint8)


def boxes_in_pixels(study: SimulatedStudy, size: int) -> tuple[tuple[FindingCode, Box], ...]:
    """Return the truth boxes of a study in pixels of a picture of `size`, without drawing it."""
    return tuple(
        (finding.code, Box(**{edge: getattr(finding.box, edge) * size for edge in ("x0", "y0", "x1", "y1")}))
        for finding in study.findings
    )
