"""How a patient is named on a page."""

import pytest

from serving.pages.people import patient_name


@pytest.mark.parametrize(
    ("stored", "written"),
    [
        ("Doe^Jane", "Doe Jane"),
        (
            "Adams^John Robert Quincy^^Rev.^B.A. M.Div.",
            "Adams John Robert Quincy Rev. B.A. M.Div.",
        ),  # PS3.5 6.2.1.1
        ("Zhang^XiaoDong=张^小东", "张小东 Zhang XiaoDong"),  # PS3.5 K.2
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "山田太郎 Yamada Tarou"),  # PS3.5 H.3.1
        ("王^小东", "王小东"),
        ("=1+1", "1+1"),
        ("", ""),
    ],
)
def test_a_name_is_written_with_its_characters_first_and_without_how_it_sounds(
    stored: str, written: str
) -> None:
    assert patient_name(stored) == written
