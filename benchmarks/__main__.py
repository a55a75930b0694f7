"""All benchmarks of `make bench`, or those named, one process each; ends with the whole table.

    python -m benchmarks [NAME ...]

One that fails is told at the end, and the others go on.
"""

import argparse
import json
import subprocess
import sys

from benchmarks.recording import RESULTS, table

NAMES = (
    "server_ready",
    "header_index",
    "dicom_reduction",
    "batch_gather",
    "uploads",
    "training_step",
    "heatmap_latency",
)


def main() -> int:
    """Run them and print the table; 1 if one failed."""
    parser = argparse.ArgumentParser(description="Measure speed against what one would otherwise run.")
    parser.add_argument("names", nargs="*", choices=[[], *NAMES], help="which; all where none is named")
    wanted = parser.parse_args().names or NAMES
    failed = [name for name in wanted if subprocess.call([sys.executable, "-m", f"benchmarks.{name}"])]  # noqa: S603 - ours
    if RESULTS.exists():
        print(table(json.loads(RESULTS.read_text())["rows"]))
    for name in failed:
        print(f"{name} failed; what it said is above")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
