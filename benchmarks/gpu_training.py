"""Images a second that one GPU learns from: ResNet152 at 512 x 512 in bfloat16, by `overread.learning`.

Needs torch, torchvision and numpy only, so it runs from a checkout on a bare GPU machine:
`python -m benchmarks.gpu_training`. What is timed is the training's own step, from stored greys on the device
through augmentation, loss and clipping to the moved weights. The bound is what the matrix units could do with
the floating-point operations of a step at the rate that a large product reaches on the same card.
"""

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import nn

from overread.learning.architectures import InputContract, build
from overread.learning.augmentation import Augmentation
from overread.learning.data import ANY, LabelledSet, LabelledStudy, Studies, labelled_set
from overread.learning.determinism import generator
from overread.learning.distributed import Group
from overread.learning.learner import Learner
from overread.learning.legs import legs
from overread.learning.lessons import Lesson, Lessons
from overread.learning.recipes import ImageStage, Precision, Recipe

FINDINGS = tuple(f"f{n}" for n in range(11))
STEPS = 12  # timed; as many again would change the median by under 1 %
WARM_UP = 4
RATE = 1e-5
PRODUCT = 8192  # rows and columns of the product that shows what the matrix units reach
BACKWARD = 3  # forward, and the gradients of both inputs and weights


@dataclass(frozen=True, kw_only=True, slots=True)
class Speed:
    """How fast, how much memory, and how near to the bound by compute."""

    card: str
    torch: str
    architecture: str
    size: int
    batch: int
    compiled: bool
    images_a_second: float
    slowest: float
    gigabytes: float
    bound: float
    share: float
    seconds_until_ready: float


def speed(recipe: Recipe, *, steps: int = STEPS) -> Speed:
    """Take some steps of a training and return how fast they were."""
    device, batch = torch.device(recipe.device), recipe.images.batch
    began = time.perf_counter()
    network = build(recipe.architecture, recipe.contract, outputs=len(FINDINGS) + 1, width=recipe.width)
    learner = Learner(network, recipe, device, Group())
    lessons = _lessons(recipe, device, WARM_UP + steps)
    for _ in range(WARM_UP):
        _seconds(learner, next(lessons))
    ready = time.perf_counter() - began
    seconds = [_seconds(learner, next(lessons)) for _ in range(steps)]
    fast = batch / float(np.median(seconds))
    bound = reached(device) / operations(recipe, device)
    return Speed(
        card=torch.cuda.get_device_name(device),
        torch=torch.__version__,
        architecture=recipe.architecture,
        size=recipe.contract.size,
        batch=batch,
        compiled=recipe.compiled,
        images_a_second=fast,
        slowest=batch / max(seconds),
        gigabytes=torch.cuda.max_memory_allocated(device) / 1e9,
        bound=bound,
        share=fast / bound,
        seconds_until_ready=ready,
    )


def operations(recipe: Recipe, device: torch.device) -> float:
    """Return the floating-point operations of one image's step: a multiplication and an addition are two."""
    network = build(recipe.architecture, recipe.contract, outputs=len(FINDINGS) + 1).to(device)
    counted: list[float] = []

    def count(layer: nn.Conv2d, _: object, output: torch.Tensor) -> None:
        counted.append(2.0 * layer.weight[0].numel() * output[0].numel())

    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_hook(count)
    contract = recipe.contract
    with torch.no_grad():
        network.eval()(torch.zeros(1, contract.channels, contract.size, contract.size, device=device))
    return BACKWARD * sum(counted)


def reached(device: torch.device, *, repeats: int = 10) -> float:
    """Return the operations a second of a large bfloat16 product on random values."""
    left, right = (torch.randn(PRODUCT, PRODUCT, dtype=torch.bfloat16, device=device) for _ in range(2))
    seconds = []
    for _ in range(repeats):
        torch.cuda.synchronize(device)
        began = time.perf_counter()
        left @ right
        torch.cuda.synchronize(device)
        seconds.append(time.perf_counter() - began)
    return 2.0 * PRODUCT**3 / float(np.median(seconds))


def _seconds(learner: Learner, lesson: Lesson) -> float:
    torch.cuda.synchronize(learner.device)
    began = time.perf_counter()
    learner.gradients(lesson)
    learner.step(0, RATE)
    torch.cuda.synchronize(learner.device)
    return time.perf_counter() - began


def _lessons(recipe: Recipe, device: torch.device, steps: int) -> Iterator[Lesson]:
    size = recipe.contract.size
    rng = generator(recipe.seed)
    known = _labels(recipe.images.batch * steps)
    held = rng.integers(256, size=(recipe.images.batch * 2, size, size), dtype=np.uint8)
    pictures = held[np.arange(len(known)) % len(held)]
    lessons = Lessons(recipe, Studies(pictures, known), device, Group())
    leg = legs(recipe, known)[0]
    return lessons.of(leg, rng, lessons.order(leg, rng))


def _labels(n: int) -> LabelledSet:
    box = (0.3, 0.3, 0.6, 0.6)
    shown = [
        LabelledStudy(any_finding=1, findings={FINDINGS[row % len(FINDINGS)]: 1}, boxes=[(FINDINGS[0], box)])
        if row % 2
        else LabelledStudy(any_finding=0)
        for row in range(n)
    ]
    return labelled_set((ANY, *FINDINGS), shown)


def main() -> None:
    """Read what to measure, and print it as one JSON object a line."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--batch", type=int, nargs="+", default=[128])
    asked.add_argument("--compiled", action="store_true")
    given = asked.parse_args()
    for batch in given.batch:
        torch.cuda.reset_peak_memory_stats()
        print(json.dumps(asdict(speed(_recipe(batch, compiled=given.compiled)))), flush=True)


def _recipe(batch: int, *, compiled: bool) -> Recipe:
    contract = InputContract(size=512, channels=3, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
    turned = Augmentation(degrees=10.0, scale=0.10, shift=0.05)
    return Recipe(
        name="gpu-training",
        architecture="resnet152",
        contract=contract,
        precision=Precision.HALF,
        compiled=compiled,
        device="cuda",
        images=ImageStage(passes=1, batch=batch, augment=turned),
    )


if __name__ == "__main__":
    main()
