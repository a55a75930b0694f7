"""The picture cache: whole or not there, named by its content, noticed when changed."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from overread.domain.errors import InputError, NotFoundError
from overread.learning.cache import Pictures, caches_in, forget, gather, open_cache, write_cache


def some(n: int, *, seed: int = 0, prefix: str = "study") -> list[tuple[str, Pictures]]:
    """Return n keyed pictures of 8 x 8."""
    rng = np.random.default_rng(seed)
    return [(f"{prefix}-{i}", rng.integers(0, 255, (8, 8)).astype(np.uint8)) for i in range(n)]


def test_what_was_written_is_read_back_by_index(tmp_path: Path) -> None:
    pictures = some(5)
    cache = open_cache(write_cache(tmp_path, 8, pictures).folder)
    assert cache.keys == tuple(key for key, _ in pictures)
    assert np.array_equal(cache.pictures[[3, 1]], np.stack([pictures[3][1], pictures[1][1]]))
    cache.verify()


def test_the_same_pictures_have_the_same_name_and_are_kept_once(tmp_path: Path) -> None:
    first, again = (write_cache(tmp_path, 8, some(3)) for _ in range(2))
    other = write_cache(tmp_path, 8, some(3, seed=1))
    assert first.digest == again.digest != other.digest
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([first.digest, other.digest])


def test_a_writer_that_dies_leaves_nothing(tmp_path: Path) -> None:
    def dying() -> Iterator[tuple[str, Pictures]]:
        yield from some(2)
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        write_cache(tmp_path, 8, dying())
    assert list(tmp_path.iterdir()) == []


def test_a_changed_picture_is_named(tmp_path: Path) -> None:
    cache = write_cache(tmp_path, 8, some(3))
    pixels = cache.folder / "pixels.u8"
    content = bytearray(pixels.read_bytes())
    content[64 + 5] ^= 1
    pixels.write_bytes(content)
    with pytest.raises(InputError, match="study-1"):
        open_cache(cache.folder).verify()


def test_a_changed_picture_never_reaches_a_training_and_the_others_still_do(tmp_path: Path) -> None:
    pictures = some(3)
    cache = write_cache(tmp_path, 8, pictures)
    pixels = cache.folder / "pixels.u8"
    content = bytearray(pixels.read_bytes())
    content[2 * 64] ^= 1
    pixels.write_bytes(content)
    assert np.array_equal(gather([open_cache(cache.folder)], ["study-1"])[0], pictures[1][1])
    with pytest.raises(InputError, match=rf"study-2 in {cache.folder} has changed; delete the folder"):
        gather([open_cache(cache.folder)], ["study-0", "study-2"])


def test_a_cut_file_and_a_changed_manifest_are_refused_at_once(tmp_path: Path) -> None:
    cache = write_cache(tmp_path, 8, some(3))
    (cache.folder / "pixels.u8").write_bytes(b"short")
    with pytest.raises(InputError, match="cut short"):
        open_cache(cache.folder)
    (cache.folder / "manifest.json").write_text("{}")
    with pytest.raises(InputError, match="manifest"):
        open_cache(cache.folder)


def test_a_missing_cache_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="build it again"):
        open_cache(tmp_path / "nowhere")


def test_pictures_are_gathered_by_key_from_several_caches(tmp_path: Path) -> None:
    old, new = write_cache(tmp_path, 8, some(3)), write_cache(tmp_path, 8, some(2, seed=1, prefix="new"))
    found = gather([old, new], ["new-1", "study-0"])
    assert np.array_equal(found, np.stack([new.pictures[1], old.pictures[0]]))
    with pytest.raises(NotFoundError, match="ghost"):
        gather([old, new], ["study-0", "ghost"])


@pytest.mark.parametrize(
    "wrong",
    [
        [("a", np.zeros((8, 9), np.uint8))],
        [("a", np.zeros((8, 8), np.float32))],
        [("a", np.zeros((8, 8), np.uint8))] * 2,
    ],
)
def test_a_wrong_shape_or_type_or_a_key_twice_is_refused(
    tmp_path: Path, wrong: list[tuple[str, Pictures]]
) -> None:
    with pytest.raises(InputError):
        write_cache(tmp_path, 8, wrong)


def test_an_empty_cache_is_a_cache(tmp_path: Path) -> None:
    assert open_cache(write_cache(tmp_path, 8, []).folder).pictures.shape == (0, 8, 8)


def test_a_forgotten_picture_is_in_no_cache_and_the_others_are_as_they_were(tmp_path: Path) -> None:
    first, second = some(3), some(2, seed=1, prefix="other")
    shared = [*second, ("study-1", first[1][1])]
    for pictures in (first, shared, some(1, seed=2, prefix="alone")):
        write_cache(tmp_path, 8, pictures)
    assert forget(tmp_path, "study-1") == 2
    caches = caches_in(tmp_path)
    assert sorted(key for cache in caches for key in cache.keys) == [
        "alone-0",
        "other-0",
        "other-1",
        "study-0",
        "study-2",
    ]
    for cache in caches:
        cache.verify()
    np.testing.assert_array_equal(gather(caches, ["study-2"])[0], first[2][1])
    assert forget(tmp_path, "study-1") == 0


def test_a_cache_of_nothing_else_goes_whole(tmp_path: Path) -> None:
    write_cache(tmp_path, 8, some(1))
    assert forget(tmp_path, "study-0") == 1
    assert list(tmp_path.iterdir()) == []


def test_whoever_has_a_picture_open_reads_on_while_it_is_forgotten(tmp_path: Path) -> None:
    pictures = some(2)
    held = write_cache(tmp_path, 8, pictures).pictures
    forget(tmp_path, "study-0")
    np.testing.assert_array_equal(held[0], pictures[0][1])


@pytest.mark.parametrize("moved", [False, True])
def test_forgetting_that_was_killed_half_way_is_finished_by_the_next(tmp_path: Path, moved: bool) -> None:
    pictures = some(3)
    old = write_cache(tmp_path, 8, pictures)
    write_cache(tmp_path, 8, [pictures[0], pictures[2]])  # what a killed process leaves: the new one ...
    if moved:  # ... or the new one, and the old one moved away but not removed
        old.folder.rename(tmp_path / f".gone-{old.digest}")
    forget(tmp_path, "study-1")
    (cache,) = caches_in(tmp_path)
    assert cache.keys == ("study-0", "study-2")
    assert [each.name for each in tmp_path.iterdir()] == [cache.digest]
