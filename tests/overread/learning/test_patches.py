"""Patches: half around findings, labelled by how much of a box they hold."""

import numpy as np
import torch

from overread.learning.architectures import InputContract, Normalise
from overread.learning.augmentation import Augmentation
from overread.learning.data import LabelledSet, LabelledStudy, labelled_set
from overread.learning.patches import PatchSampler, PatchStage
from tests.overread.learning.toys import SIZE, toy_studies

CONTRACT = InputContract(size=SIZE, standardise=True)
PLAIN = PatchStage(count=1, side=24, batch=256, augment=Augmentation())


def drawn(dataset: LabelledSet, pictures: np.ndarray, stage: PatchStage = PLAIN) -> tuple[torch.Tensor, ...]:
    """Return one batch of patches, labels and weights."""
    return PatchSampler(pictures, dataset, CONTRACT, stage).draw(np.random.default_rng(0))


def test_a_patch_is_positive_when_it_shows_the_square_and_negative_when_it_does_not() -> None:
    pixels, labels, _ = drawn(*reversed(toy_studies(60)))  # type: ignore[arg-type]  # (dataset, pictures)
    bright = (pixels > 2.0).flatten(1).sum(dim=1)
    assert (bright[labels[:, 0] == 1] > 0.4 * 64).all()
    assert (bright[labels[:, 0] == 0] < 0.2 * 64).all()
    assert 0.4 < float((labels[:, 0] == 1).float().mean()) < 0.8


def test_codes_follow_the_box_and_the_others_are_negative() -> None:
    pictures, dataset = toy_studies(60)
    _, labels, _ = drawn(dataset, pictures)
    assert torch.equal(labels[:, 1].nan_to_num(2), labels[:, 0].nan_to_num(2))
    assert (labels[:, 2] == 0).all()


def test_a_study_called_but_not_marked_teaches_nothing_by_patches() -> None:
    pictures, _ = toy_studies(2)
    dataset = labelled_set(("any", "square"), [LabelledStudy(any_finding=0), LabelledStudy(any_finding=1)])
    _, labels, _ = drawn(dataset, pictures)
    unread = labels[:, 0].isnan()
    assert 0.3 < float(unread.float().mean()) < 0.7
    assert (labels[~unread] == 0).all()


def test_patches_are_brought_to_the_exposure_of_their_whole_picture() -> None:
    pictures, dataset = toy_studies(2)
    whole = Normalise(CONTRACT)(torch.from_numpy(pictures).unsqueeze(1))
    pixels, _, _ = drawn(dataset, pictures, PatchStage(count=1, side=SIZE, batch=8, augment=Augmentation()))
    for patch in pixels:
        assert any(
            torch.allclose(flipped, picture, atol=1e-4)
            for picture in whole
            for flipped in (patch, patch.flip(1), patch.flip(2), patch.flip(1, 2))
        )


def test_a_large_finding_is_sampled_inside_or_where_named_at_its_outline() -> None:
    pictures = np.zeros((1, SIZE, SIZE), np.uint8)
    pictures[0, :, :] = np.arange(SIZE)
    box = (0.0, 0.0, 1.0, 1.0)
    dataset = labelled_set(
        ("any", "heart"), [LabelledStudy(any_finding=1, findings={"heart": 1}, boxes=[("heart", box)])]
    )
    stages = (
        PatchStage(side=16, batch=512, augment=Augmentation(), at_borders=names) for names in ((), ("heart",))
    )
    inside, border = (drawn(dataset, pictures, stage)[0][:256, 0, 8, 8] for stage in stages)
    assert float(border.std()) > float(inside.std())


def test_a_study_that_repeats_no_time_gives_no_patch() -> None:
    pictures, dataset = toy_studies(4)
    dataset.repeats[:] = [0, 0, 0, 1]
    pictures[:3] = 0
    pixels, labels, _ = drawn(dataset, pictures)
    assert (pixels.flatten(1).std(dim=1) > 0).all()
    assert (labels[:, 0] == 1).any()
