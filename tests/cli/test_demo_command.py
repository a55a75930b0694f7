"""The demo never empties what is not its own."""

from cli.demo_command import MARKER
from tests.commands import Overread


def test_a_used_folder_is_left_alone_where_nobody_can_be_asked(overread: Overread) -> None:
    folder = overread.folder / "overread-demo"
    folder.mkdir()
    (folder / MARKER).touch()
    (folder / "summary.json").write_text("{}")
    done = overread("demo")
    assert done.returncode == 1
    assert "--force" in done.stderr
    assert (folder / "summary.json").exists()


def test_the_data_of_a_real_department_is_not_emptied_even_by_force(installed: Overread) -> None:
    done = installed("demo", "--dir", "overread-data", "--force")
    assert done.returncode == 1
    assert "--dir" in done.stderr
    assert (installed.data / "overread.db").exists()
