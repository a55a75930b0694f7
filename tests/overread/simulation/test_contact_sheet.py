"""The sheet a person looks at."""

from overread.simulation.contact_sheet import sheet
from tests.overread.simulation.examples import a_study


def test_a_sheet_holds_all_studies_and_marks_their_boxes() -> None:
    some = [a_study(number) for number in range(3)]
    plain, marked = sheet(some, columns=2, size=96, boxes=False), sheet(some, columns=2, size=96)
    assert plain.shape == marked.shape == (192, 192, 3)
    assert (plain != marked).any() == any(study.findings for study in some)
    assert not plain[96:, 96:].any()
