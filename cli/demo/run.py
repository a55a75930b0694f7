"""One demo from an empty folder to its table, `summary.json` and `report.html`."""

import json
import os
import shutil
import time
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from bootstrap.processes import Processes
from cli.demo.report import write_report
from cli.demo.stage import PASSWORD, PEOPLE
from cli.demo.story import Demo, Play, play
from cli.demo.summary import Json, summarise


def run_demo(demo: Demo, *, keep_serving: bool) -> Json:
    """Play the story, read it back, tell it."""
    demo.folder.mkdir(parents=True, exist_ok=True)
    with Processes(demo.folder / "logs") as processes:
        act = play(demo, processes)
        with demo.clock.step("tell", "summary and report"):
            shutil.rmtree(demo.folder / "spool", ignore_errors=True)
            prefect = os.environ["PREFECT_API_URL"]
            summary = summarise(
                act.services, demo.clock, seed=demo.seed, prefect=prefect, before=act.told.first
            )
            summary["production_step"] = None if act.told.tried is None else asdict(act.told.tried)
            write_report(act, summary)
        summary["seconds"] = dict(demo.clock.seconds)
        text = json.dumps(summary, indent=1, ensure_ascii=False, allow_nan=False)
        (demo.folder / "summary.json").write_text(text, encoding="utf-8")
        _tell(demo, summary)
        if keep_serving:
            _serve(processes, act)
    return summary


def _tell(demo: Demo, summary: Json) -> None:
    table = Table(
        title=f"Overread demo, seed {demo.seed} (simulated; not a medical device)", show_header=False
    )
    studies, corrections = summary["studies"], summary["corrections"]
    table.add_row("studies", ", ".join(f"{name} {count}" for name, count in studies.items()))
    table.add_row(
        "corrections",
        f"{corrections['explicit']} by button, {corrections['implicit']} by signed report, "
        f"{corrections['adjudicated']} cases settled, kappa {_shown(corrections['kappa'])}",
    )
    baseline = summary["histogram_baseline_auc"]
    for model in summary["models"]:
        if model["auc"] is not None:
            table.add_row(
                f"model {model['version']} ({model['recipe']})",
                f"AUC {model['auc']:.3f} [{model['auc_lower']:.3f}, {model['auc_upper']:.3f}]"
                f" (grey levels alone {baseline:.3f}), sensitivity {model['sensitivity']:.3f}, "
                f"specificity {model['specificity']:.3f}",
            )
    for compared in summary["comparisons"]:
        table.add_row(
            f"{compared['candidate']} against {compared['production']}",
            f"{compared['verdict']}  sensitivity {compared['sensitivity_difference']:+.3f} "
            f"[{compared['lower']:+.3f}, {compared['upper']:+.3f}], "
            f"specificity {compared['specificity_difference']:+.3f}  (look {compared['look']}, "
            f"alpha {compared['alpha']:.3f})",
        )
    for refused in summary["refused"]:
        table.add_row(f"refused {refused['version']}", refused["reason"])
    production = summary["production"]
    table.add_row("production", f"{production['before']} → {production['after']}")
    if (tried := summary["production_step"]) is not None:
        table.add_row("production step", _tried(tried))
    table.add_row("record", f"{summary['audit']['rows']} rows, verified: {summary['audit']['verified']}")
    table.add_row("time", f"{sum(demo.clock.seconds.values()):.0f} s")
    console = Console(soft_wrap=True)
    console.print(table)
    console.print(f"report   {demo.folder / 'report.html'}", highlight=False)
    console.print(f"go on    OVERREAD_DATA_DIR={demo.folder} overread serve", highlight=False)


def _tried(tried: Json) -> str:
    answered = f"answered a real radiograph in {tried['milliseconds']:.0f} ms"
    if tried["label"] is None:
        answered = "no real radiograph to answer: pydicom-data is not installed"
    architecture, size = tried["architecture"], tried["image_size"]
    return f"{architecture} at {size}: one step, exported with parity {tried['parity']:.0e}, {answered}"


def _shown(kappa: Json) -> str:
    if kappa["estimate"] is None:
        return "not defined"
    return f"{kappa['estimate']:.2f} [{kappa['lower']:.2f}, {kappa['upper']:.2f}]"


def _serve(processes: Processes, act: Play) -> None:
    console = Console(soft_wrap=True)
    console.print(f"\n{act.told.base}  (Ctrl-C ends it); password of everybody: {PASSWORD}", highlight=False)
    for role in sorted({role.value for role in PEOPLE.values()} - {"device"}):
        name = next(name for name, held in PEOPLE.items() if held.value == role)
        console.print(f"  {role:<9} {name}", highlight=False)
    console.print("  operator  operator", highlight=False)
    while processes.ended() is None:
        time.sleep(0.5)
