"""From a comparison and a drift check to a request that two people decide."""

from model_registry.promotion import ask, is_asked_for
from monitoring.explanations import explanations
from overread.domain.drift import DriftVerdict
from overread.domain.identifiers import Digest, PersonKey, VersionKey
from overread.domain.promotion import PromotionRequest
from overread.wording.catalogue import catalogue
from pipeline.comparing import record_of
from pipeline.services import PipelineServices


def ask_for_promotion(
    services: PipelineServices,
    comparison: Digest,
    *,
    requested_by: PersonKey,
    drift_check: str | None = None,
    flow_runs: tuple[str, ...] = (),
) -> VersionKey:
    """Open the request for the candidate of a comparison; asked for before, nothing changes.

    Raises
    ------
    StaleError
        The request was withdrawn since, because production changed.
    NotFoundError
        There is no such drift check.
    """
    record = record_of(services, comparison)
    version = VersionKey(str(record["candidate"]))
    ledger = record.pop("ledger")
    run, card = str(record.pop("mlflow_run")), record.pop("model_card", None)
    with services.storage.look() as work:
        drift = work.monitoring.check(drift_check).verdict if drift_check else None
    if drift is not None:
        _tag(services, run, drift)
    with services.storage.work() as work:
        if is_asked_for(work, version):
            return version
        lineage = work.models.get(version).lineage
        request = PromotionRequest(
            version=version,
            requested_by=requested_by,
            created_at=services.now(),
            verdict=str(record["verdict"]),
            within_protocol=lineage.within_protocol,
            drift=drift,
            comparison=record,
            ledger=ledger if isinstance(ledger, dict) else {},
            lineage={
                "parent": lineage.parent,
                "dataset_version": lineage.dataset_version,
                "corrections": lineage.corrections,
                "code": lineage.code,
                "recipe": lineage.recipe,
                "run": lineage.run,
                "comparison_run": run,
                "model_card": card,
                "flow_runs": [*lineage.flow_runs, *flow_runs],
            },
        )
        ask(work, request)
        work.commit()
    return version


def _tag(services: PipelineServices, run: str, drift: DriftVerdict) -> None:
    """Say in the comparison's run what the drift check found, and which studies it is found in."""
    tags = {
        "passed": drift.passed,
        "columns": ", ".join(drift.drifted),
        "attributed": "\n".join(explanations(catalogue("en"), drift)),
        "report": drift.report or "",
    }
    for name, value in tags.items():
        services.tracking.client.set_tag(run, f"overread.drift.{name}", value)
