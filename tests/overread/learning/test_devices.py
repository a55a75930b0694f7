"""What a device says of itself, held against what the system says."""

from pathlib import Path

import pytest

from overread.learning.devices import described

MEMORY = Path("/proc/meminfo")


@pytest.mark.skipif(not MEMORY.exists(), reason="asks Linux")
def test_a_processor_has_its_name_and_the_memory_of_the_machine() -> None:
    found = described("cpu")
    (line,) = (line for line in MEMORY.read_text().splitlines() if line.startswith("MemTotal"))
    assert found.place == "cpu"
    assert found.memory == int(line.split()[1]) * 1024
    names = {line.partition(": ")[2] for line in Path("/proc/cpuinfo").read_text().splitlines()}
    assert found.name in names
