"""Tasks as files: the shipped ones can be read, and a wrong one is named."""

from bisect import bisect_right
from pathlib import Path

import pytest

from overread.domain.datasets import Shares
from overread.domain.errors import ConfigurationError
from overread.domain.findings import Label
from overread.settings.tasks import ROOT, load_task


def test_the_reference_task_is_the_clinical_one() -> None:
    task = load_task("cxr-binary")
    assert (task.name, task.image_size, task.shares) == ("cxr-binary", 512, Shares(train=0.7, tune=0.2))
    assert len(task.vocabulary.codes) == 35
    slight = [row.code for row in task.vocabulary.rows if row.slight]
    assert slight == [
        "fibrous_strand",
        "calcification",
        "full_heart",
        "aortic_knob",
        "heavy_hilum",
        "lung_markings",
        "rib_variant",
    ]
    assert [row.code for row in task.vocabulary.rows if row.urgent]
    assert all(row.zh and row.en for row in task.vocabulary.rows)


def test_initials_are_those_of_the_pinyin() -> None:
    """The characters of GB 2312's first level stand in the order of their pinyin, so their place tells it."""
    begins = [
        int.from_bytes(first.encode("gb2312")) for first in "啊芭擦搭蛾发噶哈击喀垃妈拿哦啪期然撒塌挖昔压匝"
    ]
    told = 0
    for row in load_task("cxr-binary").vocabulary.rows:
        said = [mark for mark in row.zh if mark.isalnum()]
        assert len(row.initials) == len(said)
        for mark, initial in zip(said, row.initials, strict=True):
            if mark.isascii():
                assert initial == mark.lower()
            elif begins[0] <= (place := int.from_bytes(mark.encode("gb2312"))) < 0xD8A1:
                assert initial == "abcdefghjklmnopqrstwxyz"[bisect_right(begins, place) - 1], mark
                told += 1
    assert told > 100


def test_no_row_carries_the_code_that_means_something_else() -> None:
    """SCT 287272002 says cardiomegaly in the dictionary and is an enlarged septal foramen."""
    codes = [code for row in load_task("cxr-binary").vocabulary.rows for _, code, _ in row.codes]
    assert codes
    assert "287272002" not in codes


def test_a_task_may_borrow_words_from_another() -> None:
    demo, reference = load_task("demo"), load_task("cxr-binary")
    assert demo.vocabulary == reference.vocabulary
    assert demo.draft_text(Label.NO_FINDING, "zh") == reference.draft_text(Label.NO_FINDING, "zh")
    assert demo.shares != reference.shares


def test_a_missing_task_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no task 'other'; known: cxr-binary, demo"):
        load_task("other")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("image_size = 512", "image_size = 8", "image_size: "),
        ("image_size = 512", "image_size = 512\nsize = 5", "size: "),
        ("train = 0.7", "train = 0.9", "the shares"),
        ('code = "calcification"', 'code = "fibrous_strand"', "stands twice"),
        ('code = "calcification"', 'code = "Calcification"', "not a valid FindingCode"),
        ("[normal.en]", "[normal.de]", "normal.en: "),
        ("image_size = 512", "image_size = ", "line"),
        ("cleared = 0.05", "cleared = 1.5", "a share of audits"),
        ("p1 = 0.09", "p1 = 0.03", "p0 < p1"),
        ("alpha = 0.05", "alpha = 0.95", "alpha"),
        ("threshold = 4.5", "limit = 4.5", "threshold: "),
        ('"Bones and soft tissue", ', "", "normal.en: .*a section of its own"),
        ('initials = "xfwgh"', 'initials = "XF"', "initials: "),
    ],
)
def test_a_wrong_task_is_refused_by_file_and_field(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = (ROOT / "tasks" / "cxr-binary.toml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "other.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=rf"tasks/other.toml: .*{said}"):
        load_task("other", folder=tmp_path)


def test_a_task_without_a_normal_report_is_refused(tmp_path: Path) -> None:
    title, split = '[title]\nen = "x"\n', "[split]\ntrain = 0.7\ntune = 0.2\n"
    shipped = (ROOT / "tasks" / "demo.toml").read_text(encoding="utf-8")
    audit = shipped[shipped.index("[audit]") :]
    (tmp_path / "bare.toml").write_text(
        f'name = "bare"\nimage_size = 64\npolicy = "demo"\n{title}{split}{audit}'
    )
    with pytest.raises(ConfigurationError, match=r"tasks/bare\.toml: normal"):
        load_task("bare", folder=tmp_path)
