"""Settings reach a command from the environment and overread.toml; a wrong one is named."""

import json

import pytest

from cli.settings import answer
from tests.commands import Overread


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OVERREAD_MAX_UPLOAD_MIB", "lots"),
        ("OVERREAD_TIMEZONE", "Mars/Olympus"),
        ("OVERREAD_LANGUAGE", "de"),
        ("OVERREAD_DEVICE", "abacus"),
    ],
)
def test_a_wrong_setting_is_named_and_nothing_is_made(overread: Overread, name: str, value: str) -> None:
    done = overread("init", **{name: value})
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"overread: {name}: ")
    assert not overread.data.exists()


def test_the_file_is_read_and_the_environment_goes_first(overread: Overread) -> None:
    (overread.folder / "overread.toml").write_text('data_dir = "from-file"\ntimezone = "Asia/Shanghai"\n')
    made = json.loads(overread("init", "--json").stdout)
    assert made["data_dir"] == str(overread.folder / "from-file")
    made = json.loads(overread("init", "--json", OVERREAD_DATA_DIR="from-environment").stdout)
    assert made["data_dir"] == str(overread.folder / "from-environment")


@pytest.mark.parametrize(
    ("text", "said"), [("sight = 1\n", "no setting sight"), ("site = \n", "cannot be read")]
)
def test_a_wrong_file_is_said(overread: Overread, text: str, said: str) -> None:
    (overread.folder / "overread.toml").write_text(text)
    done = overread("init")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("overread: overread.toml")
    assert said in line


def test_every_setting_of_the_interface_is_taken(overread: Overread) -> None:
    done = overread(
        "init",
        "--json",
        OVERREAD_TIMEZONE="Europe/Helsinki",
        OVERREAD_LANGUAGE="en",
        OVERREAD_SITE="north",
        OVERREAD_DEVICE="cuda:0",
        OVERREAD_INFERENCE_THREADS="1",
        OVERREAD_SECRET_FILE=str(overread.folder / "elsewhere" / "secret"),
    )
    assert done.returncode == 0, done.stderr
    assert (overread.folder / "elsewhere" / "secret").stat().st_mode & 0o777 == 0o600


def test_numbers_are_told_with_their_limits_and_nested_facts_below_their_name(
    capsys: pytest.CaptureFixture[str],
) -> None:
    share = {"estimate": 0.9312, "lower": 0.7803, "upper": 0.98, "n": 29, "method": "wilson"}
    result = {
        "version": "1",
        "threshold": 0.71798,
        "missed": {"nodule": {"n": 29, "share": share}},
        "parent": None,
    }
    answer({**result, "left_out": []}, as_json=False)
    assert capsys.readouterr().out.splitlines() == [
        "version    1",
        "threshold  0.718",
        "missed",
        "  nodule",
        "    n      29",
        "    share  0.931 (0.780 to 0.980; n 29)",
        "parent     none",
        "left out   none",
    ]
