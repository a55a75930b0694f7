"""Memory is that of a process and of everything it started."""

import subprocess
import sys

import psutil
import pytest

from benchmarks.memory import held, tree

HOLDS = "held = bytearray(b'x' * 50_000_000); print('held', flush=True); input()"
STARTS = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {HOLDS!r}])"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is no proportional set size")
def test_what_a_child_of_a_child_holds_is_counted() -> None:
    with subprocess.Popen(  # noqa: S603 - our own words
        [sys.executable, "-c", STARTS], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        process = psutil.Process(child.pid)
        assert len(tree(process)) == 2
        assert held(tree(process)) > 50e6 > held([process])
        child.communicate(b"\n")
    assert tree(process) == [process]
    assert held([process]) == 0
