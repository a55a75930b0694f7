"""One step of the production training and its export, in a process of its own: it holds gigabytes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from model_registry.parity import packaged
from overread.learning.calibration import identity
from overread.learning.data import ANY, LabelledStudy, Studies, labelled_set
from overread.learning.determinism import single_thread
from overread.learning.recipes import read_recipe
from overread.learning.training import train
from overread.simulation.pictures import rendered
from overread.simulation.population import SimulatedStudy
from pipeline.candidates import find_recipe

RECIPE = "production"


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """What one step of which network came to, and how far its export is from it."""

    architecture: str
    image_size: int
    loss: float
    parity: float


def one_step(studies: Sequence[SimulatedStudy], package: Path) -> Step:
    """Train on drawn studies of both classes, export, prove the export, and write the package to a file."""
    single_thread()
    recipe = read_recipe(find_recipe(RECIPE))
    recipe = replace(recipe, images=replace(recipe.images, passes=1, batch=len(studies)))
    size = recipe.contract.size
    pictures = np.stack([rendered(study, size, drawn_at=size) for study in studies])
    labelled = [LabelledStudy(any_finding=float(bool(study.findings))) for study in studies]
    model = train(recipe, Studies(pictures, labelled_set((ANY,), labelled)))
    content, parity = packaged(model, identity(1), name=recipe.name, threshold=0.5, pictures=pictures[:1])
    package.write_bytes(content)
    return Step(
        architecture=model.architecture,
        image_size=size,
        loss=float(model.history[-1]["loss"]),
        parity=parity.probability,
    )
