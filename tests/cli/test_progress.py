"""Work that takes long is seen to go on, also where there is no terminal."""

import pytest

from cli.progress import EVERY, progress


def test_elsewhere_than_on_a_terminal_there_is_a_plain_line_now_and_then(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with progress("import") as done:
        for count in range(2 * EVERY + 1):
            done(count)
    assert capsys.readouterr().err == f"import: {EVERY} done\nimport: {2 * EVERY} done\n"


def test_of_a_known_whole_each_tenth_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("train", total=1.0) as done:
        for share in (0.05, 0.11, 0.12, 0.95):
            done(share)
    assert capsys.readouterr().err == "train: 10 %\ntrain: 90 %\n"


def test_what_is_quickly_done_is_told_less_often(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("list", every=10_000) as done:
        for count in range(0, 12_000, EVERY):
            done(count)
    assert capsys.readouterr().err == "list: 10000 done\n"
