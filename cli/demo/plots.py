"""The plots of the demo's report, as data URIs."""

import base64
import io
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from overread.measures.proportion import wilson

Json = dict[str, Any]
OLD, NEW, BAD = "#9aa6b3", "#0e629b", "#b0261c"
FEWEST = 10


def missed(before: Json, after: Json, names: Mapping[str, str]) -> str:
    """Plot the share of studies missed by finding, before and after, with Wilson limits."""
    codes = [
        code
        for code, said in sorted(before["missed_by_finding"].items(), key=lambda item: -item[1]["n"])
        if said["n"] >= FEWEST
    ]
    figure = Figure(figsize=(9, 0.42 * len(codes) + 1.2), layout="constrained")
    axes = figure.subplots()
    for offset, (model, colour, filled) in {0.16: (before, OLD, False), -0.16: (after, NEW, True)}.items():
        for row, code in enumerate(codes):
            said = model["missed_by_finding"].get(code)
            if said is None:
                continue
            shown = wilson(said["missed"], said["n"])
            at = len(codes) - 1 - row + offset
            axes.plot([100 * shown.lower, 100 * shown.upper], [at, at], color=colour, lw=1.6)
            axes.plot(
                100 * shown.estimate, at, "o", ms=7, mec=colour, mfc=colour if filled else "white", mew=1.6
            )
    labels = [f"{names.get(code, code)}  (n {before['missed_by_finding'][code]['n']})" for code in codes]
    axes.set_yticks(range(len(codes) - 1, -1, -1), labels)
    axes.set_xlim(0, 100)
    axes.set_xlabel("studies missed, %")
    return _uri(_plain(figure))


def gate(comparisons: Sequence[Json], margins: Mapping[str, float]) -> str:
    """Plot the differences in sensitivity and specificity of each look against the losses tolerated."""
    figure = Figure(figsize=(9, 0.5 * len(comparisons) + 1.2), layout="constrained")
    for axes, (name, margin) in zip(figure.subplots(1, 2, sharey=True), margins.items(), strict=True):
        for row, said in enumerate(comparisons):
            at = len(comparisons) - 1 - row
            lower, upper, value = (
                (said["lower"], said["upper"], said["sensitivity_difference"])
                if name == "sensitivity"
                else (said["specificity_lower"], said["specificity_upper"], said["specificity_difference"])
            )
            colour = NEW if said["verdict"] == "PROMOTE" else BAD if said["verdict"] == "REJECT" else OLD
            axes.plot([lower, upper], [at, at], color=colour, lw=1.8)
            axes.plot(value, at, "o", color=colour, ms=7)
        axes.axvline(-margin, color="#5a6570", ls="--", lw=1)
        axes.axvline(0, color="#d5dbe1", lw=1)
        axes.set_title(name, fontsize=11, loc="left")
        axes.set_yticks(
            range(len(comparisons) - 1, -1, -1),
            [f"version {said['candidate']}: {said['verdict']}" for said in comparisons],
        )
    return _uri(_plain(figure))


def seconds(steps: Mapping[str, float]) -> str:
    """Plot the time each step took."""
    figure = Figure(figsize=(9, 0.32 * len(steps) + 0.9), layout="constrained")
    axes = figure.subplots()
    names = list(steps)[::-1]
    axes.barh(names, [steps[name] for name in names], color=NEW, height=0.55)
    axes.set_xlabel("seconds")
    return _uri(_plain(figure))


def _plain(figure: Figure) -> Figure:
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=9)
    return figure


def _uri(figure: Figure) -> str:
    file = io.BytesIO()
    figure.savefig(file, format="svg")
    return picture_uri(file.getvalue(), "image/svg+xml")


def picture_uri(content: bytes, kind: str = "image/png") -> str:
    """Return bytes as a data URI."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
