"""Where a run is seen in Prefect and MLflow, if the site says that people can open them."""

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
