"""Patches: half around findings, with the boxes of their study in their own frame."""

import numpy as np
import torch

from overread.learning.architectures import InputContract, Normalise
from overread.learning.augmentation import Augmentation
from overread.learning.cache import Pictures
from overread.learning.data import Floats, LabelledSet, LabelledStudy, labelled_set
from overread.learning.patches import PatchBatch, PatchSampler, PatchStage
from overread.learning.targets import cell_targets, frame_targets
from tests.overread.learning.toys import SIZE, toy_studies

CONTRACT = InputContract(size=SIZE, standardise=True)
PLAIN = PatchStage(count=1, side=32, batch=256, augment=Augmentation())


def drawn(pictures: Pictures, dataset: LabelledSet, stage: PatchStage = PLAIN) -> PatchBatch:
    """Return one batch of patches."""
    return PatchSampler(pictures, dataset, CONTRACT, stage).draw(np.random.default_rng(0))


def pixels_of(batch: PatchBatch) -> torch.Tensor:
    """Return all the patches."""
    return batch.pixels(slice(None))


def labels_of(batch: PatchBatch) -> Floats:
    """Return what the patches show."""
    return frame_targets(batch.known, batch.boxes, batch.positions, batch.columns)


def test_a_patch_is_positive_when_it_shows_the_square_and_negative_when_it_does_not() -> None:
    batch = drawn(*toy_studies(60))
    labels = labels_of(batch)
    bright = (pixels_of(batch) > 2.0).flatten(1).sum(dim=1).numpy()
    assert (bright[labels[:, 0] == 1] > 0.4 * 64).all()
    assert (bright[labels[:, 0] == 0] < 0.2 * 64).all()
    assert 0.4 < float((labels[:, 0] == 1).mean()) < 0.8


def test_the_cells_of_a_patch_point_at_its_square() -> None:
    batch = drawn(*toy_studies(60))
    cells = cell_targets(batch.known, batch.boxes, batch.positions, batch.columns, cells=4)[:, 1]
    bright = (pixels_of(batch) > 2.0).float().view(len(cells), 4, 8, 4, 8).mean(dim=(2, 4)).numpy()
    assert bright[cells == 1].mean() > 0.3
    assert bright[cells == 0].max() < 0.2


def test_codes_follow_the_box_and_the_others_are_negative() -> None:
    labels = labels_of(drawn(*toy_studies(60)))
    assert np.array_equal(labels[:, 1], labels[:, 0], equal_nan=True)
    assert (labels[:, 2] == 0).all()


def test_a_study_called_but_not_marked_teaches_nothing_by_patches() -> None:
    pictures, _ = toy_studies(2)
    dataset = labelled_set(("any", "square"), [LabelledStudy(any_finding=0), LabelledStudy(any_finding=1)])
    labels = labels_of(drawn(pictures, dataset))
    unread = np.isnan(labels[:, 0])
    assert 0.3 < float(unread.mean()) < 0.7
    assert (labels[~unread] == 0).all()


def test_patches_are_brought_to_the_exposure_of_their_whole_picture() -> None:
    pictures, dataset = toy_studies(2)
    whole = Normalise(CONTRACT)(torch.from_numpy(pictures).unsqueeze(1))
    batch = drawn(pictures, dataset, PatchStage(count=1, side=SIZE, batch=8, augment=Augmentation()))
    for patch in pixels_of(batch):
        assert any(torch.allclose(patch, picture, atol=1e-4) for picture in whole)


def test_a_large_finding_is_sampled_inside_or_where_named_at_its_outline() -> None:
    pictures = np.tile(np.arange(SIZE, dtype=np.uint8), (1, SIZE, 1))
    study = LabelledStudy(any_finding=1, findings={"heart": 1}, boxes=[("heart", (0.0, 0.0, 1.0, 1.0))])
    dataset = labelled_set(("any", "heart"), [study])
    stages = (
        PatchStage(side=16, batch=512, augment=Augmentation(), at_borders=at) for at in ((), ("heart",))
    )
    inside, border = (pixels_of(drawn(pictures, dataset, stage))[:256, 0, 8, 8] for stage in stages)
    assert float(border.std()) > float(inside.std())


def test_a_study_that_repeats_no_time_gives_no_patch() -> None:
    pictures, dataset = toy_studies(4)
    dataset.repeats[:] = [0, 0, 0, 1]
    pictures[:3] = 0
    batch = drawn(pictures, dataset)
    assert (pixels_of(batch).flatten(1).std(dim=1) > 0).all()
    assert (labels_of(batch)[:, 0] == 1).any()


def test_without_any_box_patches_come_from_anywhere() -> None:
    pictures, _ = toy_studies(2)
    dataset = labelled_set(("any",), [LabelledStudy(any_finding=0)] * 2)
    assert len(pixels_of(drawn(pictures, dataset))) == PLAIN.batch


def test_a_part_of_a_batch_is_cut_as_the_whole_is() -> None:
    batch = drawn(*toy_studies(20), PatchStage(count=1, side=32, batch=16))
    assert torch.equal(batch.pixels(slice(3, 9)), pixels_of(batch)[3:9])
