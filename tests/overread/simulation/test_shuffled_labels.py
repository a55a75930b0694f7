"""Phantoms carry no second way to their labels: a network taught shuffled ones knows nothing."""

import numpy as np
import pytest
from numpy.typing import NDArray

from overread.learning.data import ANY, LabelledStudy, Studies, labelled_set
from overread.learning.recipes import recipe_of
from overread.learning.scoring import score
from overread.learning.training import train
from overread.measures import Estimate, auc_interval
from overread.simulation.pictures import rendered, single_threaded
from overread.simulation.population import Department, SimulatedStudy, studies_of

CODE, SIZE = "consolidation", 96
LEARNED, HELD_OUT = 150, 250
RECIPE = recipe_of(
    {
        "name": "shuffled",
        "architecture": "resnet10-lse",
        "width": 8,
        "precision": "float32",
        "contract": {"size": SIZE, "standardise": True},
        "patches": {"count": 6400, "side": 24, "batch": 32},
        "images": {"passes": 3, "batch": 16, "augment": {"degrees": 4.0, "shift": 0.04, "gain": 0.1}},
    }
)


def phantoms() -> list[SimulatedStudy]:
    """Return one study of each patient; every second one shows a plain consolidation, the others nothing."""
    department = Department(seed=7)
    first = (studies_of(department, number)[0].without_findings() for number in range(LEARNED + HELD_OUT))
    return [
        study.with_finding(CODE, subtlety=0.0, seed=place) if place % 2 else study
        for place, study in enumerate(first)
    ]


def labelled(study: SimulatedStudy) -> LabelledStudy:
    boxes = [(str(f.code), (f.box.x0, f.box.y0, f.box.x1, f.box.y1)) for f in study.findings]
    return LabelledStudy(
        any_finding=float(bool(boxes)), findings={code: 1.0 for code, _ in boxes}, boxes=boxes
    )


def shuffled(labels: list[LabelledStudy]) -> list[LabelledStudy]:
    """Change places in every second pair of neighbours: half of either class is then called the other."""
    order = np.arange(len(labels))
    swapped = (order // 2) % 2 == 1
    order[swapped] ^= 1
    return [labels[place] for place in order]


@pytest.mark.slow
def test_a_network_taught_shuffled_labels_stays_at_chance_and_taught_the_true_ones_does_not() -> None:
    single_threaded()
    some = phantoms()
    pictures = np.stack([rendered(study, SIZE, drawn_at=SIZE) for study in some])
    labels = [labelled(study) for study in some[:LEARNED]]
    truth = np.array([bool(study.findings) for study in some[LEARNED:]])

    def taught(words: list[LabelledStudy]) -> Estimate:
        model = train(RECIPE, Studies(pictures[:LEARNED], labelled_set((ANY, CODE), words)))
        said: NDArray[np.float32] = score(model.network(), model.contract, pictures[LEARNED:]).logits[:, 0]
        return auc_interval(truth, said)

    by_chance, by_truth = taught(shuffled(labels)), taught(labels)
    assert by_chance.lower <= 0.5 <= by_chance.upper, by_chance
    assert by_truth.lower > 0.75, by_truth
