"""Names and schedules: what `overread up` keeps running."""

import argparse
from datetime import timedelta

from prefect import serve
from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Cron

from flows.attend import attend
from flows.attest import attest
from flows.collect import collect
from flows.doubt import doubt
from flows.drift import drift
from flows.improve import improve
from flows.slots import ensure_limits

ATTEND_SECONDS = 60.0
DAILY = "0 3 * * *"
MIDWEEK = "0 4 * * 3"
# Older departments have a weekly retraining in Prefect; without any schedule here it would stay.
ON_DEMAND = Cron("0 4 * * 0", active=False)

__all__ = ["ensure_limits", "main"]


def main(*, attend_seconds: float = ATTEND_SECONDS, training: str | None = None) -> None:
    """Serve every deployment until the process is ended."""
    ensure_limits()
    chosen = {"training": training}
    deployments = [
        attend.to_deployment("attend", interval=timedelta(seconds=attend_seconds), parameters=chosen),
        attest.to_deployment("attest", cron=DAILY),
        collect.to_deployment("collect", cron=DAILY),
        doubt.to_deployment("doubt", cron=MIDWEEK),
        drift.to_deployment("drift", cron=DAILY),
        improve.to_deployment("improve", schedule=ON_DEMAND, parameters=chosen),
    ]
    serve(*(one for one in deployments if isinstance(one, RunnerDeployment)), limit=4)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Serve the flows of a department.")
    parser.add_argument("--attend-seconds", type=float, default=ATTEND_SECONDS, help="between looks for work")
    parser.add_argument("--training", help="name or TOML file of a training; default: the task's own")
    arguments = parser.parse_args()
    main(attend_seconds=arguments.attend_seconds, training=arguments.training)
