"""Names and schedules: what `overread up` keeps running."""

import os
from datetime import timedelta

from prefect import serve
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
from prefect.deployments.runner import RunnerDeployment
from prefect.exceptions import ObjectNotFound

from flows.collect import collect
from flows.drift import drift
from flows.improve import attend, improve
from flows.retrain import LIMIT

EVERY_MINUTE = timedelta(minutes=1)
DAILY = "0 3 * * *"
WEEKLY = "0 4 * * 0"


def ensure_limits() -> None:
    """Make the limit that keeps retrainings apart, where it is missing."""
    with get_client(sync_client=True) as client:
        try:
            client.read_global_concurrency_limit_by_name(LIMIT)
        except ObjectNotFound:
            client.create_global_concurrency_limit(
                GlobalConcurrencyLimitCreate(name=LIMIT, limit=1, active=True)
            )


def main() -> None:
    """Serve every deployment until the process is ended."""
    ensure_limits()
    attending = timedelta(seconds=float(os.environ.get("OVERREAD_ATTEND_SECONDS", "60")))
    deployments = [
        attend.to_deployment("attend", interval=attending),
        collect.to_deployment("collect", cron=DAILY),
        drift.to_deployment("drift", cron=DAILY),
        improve.to_deployment("improve", cron=WEEKLY),
    ]
    serve(*(one for one in deployments if isinstance(one, RunnerDeployment)), limit=4)


if __name__ == "__main__":
    main()
