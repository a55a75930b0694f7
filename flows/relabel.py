"""Closed cases into a dataset version."""

from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from feedback.datasets import Recipe
from pipeline.retraining import build_dataset
from pipeline.services import pipeline_services


@task(retries=2, retry_delay_seconds=10, cache_policy=NO_CACHE)
def build(corrections: bool, registered: bool, unadjudicated: bool) -> str:  # noqa: FBT001 - Prefect parameters
    """Freeze what is labelled now; the same content gives the same version."""
    recipe = Recipe(corrections=corrections, registered=registered, unadjudicated=unadjudicated)
    return build_dataset(pipeline_services(), recipe, by="overread")


@flow(name="relabel")
def relabel(
    corrections: bool = True,  # noqa: FBT001, FBT002 - Prefect parameters
    registered: bool = True,  # noqa: FBT001, FBT002
    unadjudicated: bool = False,  # noqa: FBT001, FBT002
) -> str:
    """Return a dataset version of the registered studies and what was adjudicated."""
    return build(corrections, registered, unadjudicated)
