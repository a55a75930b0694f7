"""The steps of a retraining by hand: train, compare, retrain, promote, rollback, monitor."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.settings import AsJson, answer, say, settings

if TYPE_CHECKING:
    from monitoring.calibration import Calibration
    from pipeline.services import PipelineServices

SEEN_RELIABLY = 0.9  # share of changed windows that a drift check should call drift


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("train")(train)
    app.command("evaluate")(evaluate)
    app.command("compare")(compare)
    app.command("retrain")(retrain)
    app.command("promote")(promote)
    app.command("rollback")(rollback)
    app.command("monitor")(monitor)


def train(
    config: Annotated[str, typer.Option(help="A training in configs/, or a TOML file.")] = "production",
    variant: Annotated[str | None, typer.Option(help="Variant that starts from production.")] = None,
    version: Annotated[
        str | None, typer.Option("--dataset", help="Dataset version; default: the latest.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Random seed.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Train one candidate on a dataset version and register it; killed and run again, it resumes."""
    from cli.progress import progress
    from overread.domain.errors import NotFoundError
    from pipeline.candidates import Plan, jobs_of, register_candidate, train_side_by_side
    from pipeline.services import pipeline_services

    services = pipeline_services(settings())
    if version is None:
        with services.storage.look() as work:
            known = work.datasets.all()
        if not known:
            raise NotFoundError("there is no dataset yet; run `overread dataset build` first")
        version = known[-1].version
    jobs = jobs_of(services, [Plan(dataset=version, recipe=config, variant=variant, seed=seed)])
    with progress("train", total=1.0) as done:
        (trained,) = train_side_by_side(services, jobs, on_progress=done)
    made = register_candidate(services, trained)
    answer({"version": made, "threshold": trained.threshold, **trained.tuning}, as_json=as_json)


def evaluate(
    version: Annotated[str | None, typer.Argument(help="A version; default: production.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show how good a version is on the tuning set, with limits; the test set is only for `compare`."""
    from pipeline.evaluating import tuning_evaluation
    from pipeline.services import pipeline_services

    shown = tuning_evaluation(pipeline_services(settings()), version)
    answer(shown, as_json=as_json)


def compare(
    production: Annotated[str, typer.Argument(help="The version in production.")],
    candidate: Annotated[str, typer.Argument(help="The candidate.")],
    as_json: AsJson = False,
) -> None:
    """Put a candidate before the gate on the frozen test set; this spends one of its looks.

    Answers with the verdict, the checks that decided and why, and what an undecided one would need.
    """
    from overread.domain.errors import RuleError
    from pipeline.comparing import compare as compare_on_test_set
    from pipeline.comparing import record_of
    from pipeline.services import pipeline_services

    services = pipeline_services(settings())
    with services.storage.look() as work:
        serving = work.models.production(services.task.name)
    if serving is None or serving.version != production:
        raise RuleError(f"version {production} is not in production; name the one that is")
    compared = compare_on_test_set(services, candidate, by="operator", why="by hand")
    shown = {"version": compared.version, "verdict": compared.verdict, "record": compared.record}
    why = _why(services, record_of(services, compared.record))
    answer({**shown, **why}, as_json=as_json)


def _why(services: "PipelineServices", comparison: Mapping[str, Any]) -> dict[str, object]:
    """Return what decided a comparison, in words, and how many more cases undecided checks need, by check."""
    from model_registry.reasons import Teller
    from overread.wording.catalogue import catalogue

    names = {str(row.code): row.en for row in services.task.vocabulary.rows}
    further = {check["name"]: check["further"]["cases"] for check in comparison["checks"] if check["further"]}
    because = Teller(words=catalogue("en"), findings=names).because_of(comparison)
    return {"because_of": because, "further_cases": further}


def retrain(
    cancel: Annotated[bool, typer.Option("--cancel", help="Call off the one that runs or waits.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run the whole retraining flow now, up to the request that two people decide."""
    if cancel:
        _cancel(as_json=as_json)
        return
    from bootstrap.prefect_here import prefect_here
    from pipeline.services import pipeline_services

    pipeline_services(settings())  # before a server is started: is there data?
    with prefect_here(settings()):
        from flows.improve import improve
        from flows.slots import ensure_limits

        ensure_limits()
        ended = improve(requested_by="operator", return_state=True)
        if ended.is_cancelled():
            from overread.domain.errors import ConflictError

            raise ConflictError(ended.message or "the retraining was cancelled")
        version = ended.result()
    answer({"version": version, "next": "two reviewers decide on the page /candidates"}, as_json=as_json)


def _cancel(*, as_json: bool) -> None:
    from overread.domain.identifiers import PersonKey
    from pipeline.retraining import cancel
    from pipeline.services import pipeline_services

    run = cancel(pipeline_services(settings()), by=PersonKey("operator"))
    answer({"run": run.id, "state": run.state.value, "was_at": run.step or "waiting"}, as_json=as_json)


def promote(
    version: Annotated[str, typer.Argument(help="The version to ask for.")],
    as_json: AsJson = False,
) -> None:
    """Compare a version if need be, and ask two people to decide about it."""
    from model_registry.promotion import is_asked_for
    from overread.domain.identifiers import PersonKey, VersionKey
    from pipeline.services import pipeline_services

    services = pipeline_services(settings())
    with services.storage.look() as work:
        first = work.models.production(services.task.name) is None
        known = work.models.request(version) if is_asked_for(work, VersionKey(version)) else None
    if known is not None:  # asking twice must not spend a look at the test set
        _asked(version, known.verdict, known.comparison, as_json=as_json)
        return
    from pipeline.comparing import compare as compare_on_test_set
    from pipeline.comparing import record_of
    from pipeline.promoting import ask_for_promotion

    compared = compare_on_test_set(services, version, by="operator", why="promotion asked for")
    checked = None if first else _checked_drift(services)
    asked = ask_for_promotion(
        services, compared.record, requested_by=PersonKey("operator"), drift_check=checked
    )
    _asked(asked, compared.verdict, record_of(services, compared.record), as_json=as_json)


def _checked_drift(services: "PipelineServices") -> str:
    from pipeline.drifting import check_drift  # Evidently takes seconds to load

    return check_drift(services).id


def _asked(version: str, verdict: str | None, comparison: Mapping[str, object], *, as_json: bool) -> None:
    """Answer with what the gate said, why, and what can come of it."""
    reasons = comparison.get("reasons")
    said = ", ".join(map(str, reasons)) if isinstance(reasons, list) else ""
    shown = {"version": version, "verdict": verdict, "because_of": said or "nothing", "needed": 2}
    if not as_json:
        may = verdict == "PROMOTE"
        shown["next"] = (
            f"two reviewers on /candidates {'decide' if may else 'can only reject: the gate refuses'}"
        )
    answer(shown, as_json=as_json)


def rollback(
    reason: Annotated[str, typer.Option(help="Why; it is recorded.")] = "",
    as_json: AsJson = False,
) -> None:
    """Put the previous production model back, at once and on record."""
    from bootstrap.clock import utc_now
    from bootstrap.storage import TASK, open_storage
    from model_registry.promotion import roll_back

    now = utc_now()
    with open_storage(settings()).work() as work:
        task = work.people.fact(TASK)
        before, after = roll_back(work, task=task, by="operator", reason=reason, now=now)
        work.commit()
    answer({"from": before, "to": after, "at": now.isoformat()}, as_json=as_json)


def monitor(
    window: Annotated[str, typer.Option(help="How far back, such as 7d or 12h.")] = "7d",
    calibrate: Annotated[
        bool,
        typer.Option(
            "--calibrate", help="Measure false alarms, and which changes the check sees, by size of window."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check drift now, the latest intake against what production was tested on; judge audits, corrections."""
    if calibrate:
        _calibrate(as_json=as_json)
        return
    import re
    from datetime import timedelta

    from pipeline.services import pipeline_services

    found = re.fullmatch(r"(\d+)([dh])", window)
    if found is None:
        raise typer.BadParameter("give days or hours, such as 7d or 12h", param_hint="--window")
    span = timedelta(days=int(found[1])) if found[2] == "d" else timedelta(hours=int(found[1]))
    services = pipeline_services(settings())  # is there data? before Evidently takes its seconds to load
    from monitoring.explanations import explanations
    from overread.wording.catalogue import catalogue
    from pipeline.auditing import report_audits
    from pipeline.correction_rates import watch_rates
    from pipeline.drifting import check_drift

    verdict = check_drift(services, window=span).verdict
    audits, risen = report_audits(services), watch_rates(services)
    said = explanations(catalogue("en"), verdict)
    answer(
        {
            "passed": verdict.passed,
            "studies": verdict.n_current,
            "columns_tested": len(verdict.measures),
            "drifted": ", ".join(verdict.drifted) or "none",
            "reasons": "; ".join(verdict.reasons) or "none",
            "attributed": said if as_json else "\n  ".join(["", *said]) if said else "none",
            "corrections": {None: "too few to compare", False: "not risen", True: "risen"}[risen],
            "audits": audits,
        },
        as_json=as_json,
    )
    if verdict.passed is False:
        say("the intake has drifted; look at the page /monitoring for what changed")
    if risen:
        say("readers correct more often than before; the page /monitoring says since when, and what to do")
    if audits["normal_text"] == "off":
        say("the automatic normal text is off; the page /monitoring says since when and why")


def _calibrate(*, as_json: bool) -> None:
    from cli.progress import progress
    from pipeline.calibrating import calibrate_drift
    from pipeline.services import pipeline_services

    services = pipeline_services(settings())
    with progress("calibrate", total=1.0) as done:
        table = calibrate_drift(services, seed=1, on_done=done)
    answer(
        {
            "draws": table.draws,
            "windows": {str(row.n_current): _calibrated(row) for row in table.rows},
            "windows_left_out": {str(n): why for n, why in table.left_out.items()},
        },
        as_json=as_json,
    )


def _calibrated(row: "Calibration") -> dict[str, object]:
    from overread.store.records import plain

    seen = {name: found for name, found in row.detected.items() if found.estimate >= SEEN_RELIABLY}
    return {
        "studies_in_reference": row.n_reference,
        "columns_tested": row.columns,
        "false_alarms": plain(row.false_alarms),
        "level_that_holds": row.holding,
        "detected": {name: plain(found) for name, found in row.detected.items()},
        "seen_in_nine_of_ten": list(seen),
        "missed_more_often": [name for name in row.detected if name not in seen],
        "shifts_left_out": dict(row.left_out),
    }
