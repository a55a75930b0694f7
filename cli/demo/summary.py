"""What happened, read back from database, MLflow's ids and Prefect's own API: `summary.json`."""

import math
from collections import Counter
from collections.abc import Iterable
from typing import Any

import httpx

from cli.demo.in_use import gathered
from cli.demo.stage import Clock
from feedback.agreement import two_reader_agreement
from monitoring.explanations import explanations
from overread.domain.adjudication import CaseState
from overread.domain.corrections import Origin
from overread.domain.datasets import Split
from overread.domain.models import ModelVersion
from overread.domain.promotion import PromotionRequest
from overread.domain.studies import StudyState
from overread.store.unit_of_work import UnitOfWork
from overread.wording.catalogue import catalogue
from pipeline.services import PipelineServices

Json = dict[str, Any]


def summarise(services: PipelineServices, clock: Clock, *, seed: int, prefect: str, before: str) -> Json:
    """Return the summary; `before` is the version that was in production when the corrections came in."""
    with services.storage.look() as work:
        requests = list(reversed(work.models.requests()))
        models = work.models.all()
        production = work.models.production(services.task.name)
        chain = work.audit.verify()
        return {
            "seed": seed,
            "studies": _studies(work),
            "splits": _splits(work),
            "corrections": _corrections(work),
            "dataset_versions": [dataset.version for dataset in work.datasets.all()],
            "models": [_model(model, requests) for model in models],
            "comparisons": [
                _comparison(request) for request in requests if request.comparison.get("production")
            ],
            "drift": [
                {
                    "passed": check.verdict.passed,
                    "columns_tested": len(check.verdict.measures),
                    "drifted": list(check.verdict.drifted),
                    "attributed": explanations(catalogue("en"), check.verdict),
                }
                for check in reversed(work.monitoring.checks())
            ],
            "promotions": [_promotion(request) for request in requests if request.state.value == "promoted"],
            "refused": [_refused(request) for request in requests if _was_refused(request)],
            "flows": flow_runs(prefect),
            "production": {"before": before, "after": production.version if production else None},
            "in_use": gathered(work, services.task),
            "audit": {"rows": chain.rows, "verified": chain.ok},
            "histogram_baseline_auc": _baseline(requests),
            "seconds": dict(clock.seconds),
        }


def _studies(work: UnitOfWork) -> Json:
    counts = work.studies.count_by_state()
    included = (StudyState.SCREENED, StudyState.PREDICTED, StudyState.REPORTED)
    return {
        "received": sum(counts.values()),
        "included": sum(counts.get(state, 0) for state in included),
        "excluded": counts.get(StudyState.EXCLUDED, 0),
        "quarantined": counts.get(StudyState.QUARANTINED, 0),
    }


def _splits(work: UnitOfWork) -> Json:
    splits = work.studies.splits()
    counts = Counter(splits[study.patient] for study in work.studies.all(cohort=True))
    return {split.value: counts[split] for split in Split}


def _corrections(work: UnitOfWork) -> Json:
    origins = Counter(c.origin for c in work.corrections.all() if c.disagrees and not c.withdrawn_at)
    kappa = two_reader_agreement(work)
    return {
        "explicit": origins[Origin.BUTTON],
        "implicit": origins[Origin.SIGNED_REPORT],
        "adjudicated": work.cases.count_by_state().get(CaseState.CLOSED, 0),
        "kappa": {
            "estimate": _number(kappa.estimate),
            "lower": _number(kappa.lower),
            "upper": _number(kappa.upper),
        },
    }


def _number(value: float) -> float | None:
    return round(value, 4) if math.isfinite(value) else None


def evaluation_of(version: str, requests: Iterable[PromotionRequest]) -> Json | None:
    """Return a version's evaluation on the test set from the first comparison it stood in."""
    for request in requests:
        evaluations = request.comparison.get("evaluations")
        if isinstance(evaluations, dict):
            for shown in evaluations.values():
                if shown["version"] == version:
                    return dict(shown)
    return None


def _model(model: ModelVersion, requests: list[PromotionRequest]) -> Json:
    shown = evaluation_of(model.version, requests)
    found: Json = {
        "version": model.version,
        "recipe": model.lineage.recipe,
        "architecture": model.architecture,
        "image_size": model.image_size,
        "auc": None,
        "auc_lower": None,
        "auc_upper": None,
        "sensitivity": None,
        "specificity": None,
        "missed_by_finding": {},
    }
    if shown is not None:
        found |= {
            "auc": shown["auc"]["estimate"],
            "auc_lower": shown["auc"]["lower"],
            "auc_upper": shown["auc"]["upper"],
            "sensitivity": shown["sensitivity"]["estimate"],
            "specificity": shown["specificity"]["estimate"],
            "missed_by_finding": {
                code: {"missed": said["missed"], "n": said["n"]}
                for code, said in shown["missed_by_finding"].items()
            },
        }
    return found


def check_named(request: PromotionRequest, name: str) -> Json:
    """Return one check of a request's comparison; empty where it has none of that name."""
    checks = request.comparison.get("checks")
    for check in checks if isinstance(checks, list) else []:
        if check["name"] == name:
            return dict(check)
    return {}


def _comparison(request: PromotionRequest) -> Json:
    sensitivity, specificity = check_named(request, "sensitivity"), check_named(request, "specificity")
    return {
        "production": request.comparison.get("production"),
        "candidate": request.version,
        "verdict": request.verdict,
        "look": request.ledger.get("look"),
        "alpha": request.ledger.get("alpha"),
        "sensitivity_difference": sensitivity.get("estimate"),
        "lower": sensitivity.get("lower"),
        "upper": sensitivity.get("upper"),
        "specificity_difference": specificity.get("estimate"),
        "specificity_lower": specificity.get("lower"),
        "specificity_upper": specificity.get("upper"),
    }


def _promotion(request: PromotionRequest) -> Json:
    return {
        "version": request.version,
        "approved_by": [str(review.reviewer) for review in request.reviews],
        "at": request.reviews[-1].at.isoformat(),
        **_runs(request),
    }


def _was_refused(request: PromotionRequest) -> bool:
    stopped = request.verdict != "PROMOTE" or (request.drift is not None and request.drift.passed is False)
    return request.state.value != "promoted" and stopped


def _refused(request: PromotionRequest) -> Json:
    named, reasons = request.comparison.get("reasons"), []
    if request.verdict != "PROMOTE":
        reasons.append(f"{request.verdict}: {', '.join(named) if isinstance(named, list) else ''}")
    if request.drift is not None and request.drift.passed is False:
        reasons.append(f"drift in {len(request.drift.drifted)} columns")
    if not request.within_protocol:
        reasons.append("outside the change protocol")
    return {"version": request.version, "reason": "; ".join(reasons), **_runs(request)}


def _runs(request: PromotionRequest) -> Json:
    return {"flow_runs": request.lineage.get("flow_runs", []), "mlflow_run": request.lineage.get("run")}


def _baseline(requests: Iterable[PromotionRequest]) -> float | None:
    for request in requests:
        baseline = request.comparison.get("baseline")
        if isinstance(baseline, dict):
            return float(baseline["auc"]["estimate"])
    return None


def flow_runs(prefect: str) -> list[Json]:
    """Return every flow run that the Prefect server knows, in order, with the state it ended in."""
    found: list[Json] = []
    with httpx.Client(base_url=prefect, timeout=30) as client:
        flows = client.post("/flows/filter", json={"limit": 200}).raise_for_status().json()
        names = {flow["id"]: flow["name"] for flow in flows}
        while True:
            body = {"limit": 200, "offset": len(found), "sort": "START_TIME_ASC"}
            page = client.post("/flow_runs/filter", json=body).raise_for_status().json()
            found += [
                {"id": run["id"], "name": names.get(run["flow_id"], ""), "state": run["state_type"]}
                for run in page
            ]
            if len(page) < 200:  # noqa: PLR2004 - the limit above
                return found
