"""Where a run is seen in Prefect and MLflow, and a study in OHIF, if the site has them for people."""

from overread.domain.identifiers import StudyUid
from overread.settings.environment import Settings


def flow_run_link(settings: Settings, flow_run: str | None) -> str | None:
    """Return the address of a flow run; None where the site has no Prefect for people, or no run."""
    if not settings.prefect_ui or flow_run is None:
        return None
    return f"{settings.prefect_ui.rstrip('/')}/runs/flow-run/{flow_run}"


def tracking_link(settings: Settings, run: str) -> str | None:
    """Return the address of a training's run in MLflow; None where the site has none for people."""
    if not settings.mlflow_ui or not run:
        return None
    return f"{settings.mlflow_ui.rstrip('/')}/#/runs/{run}"


def ohif_link(settings: Settings, study: StudyUid) -> str | None:
    """Return the address of a study in the full viewer; None where the site serves none."""
    return None if settings.ohif is None else f"/ohif/viewer?StudyInstanceUIDs={study}"
