"""How close the next retraining is: cases settled since the last one, and whether drift is alerted."""

from overread.domain.retraining import Standing
from overread.store.unit_of_work import UnitOfWork

DRIFT_ALERT = "drift"


def standing_of(work: UnitOfWork) -> Standing:
    """Return what the triggers look at.

    Counted is from the last retraining, however it ended: one that failed or was called off is not started
    again by the same cases every minute.
    """
    trained_on = {model.lineage.dataset_version for model in work.models.all()}
    instants = [run.requested_at for run in work.monitoring.runs()[:1]]
    instants += [each.created_at for each in work.datasets.all() if each.version in trained_on]
    since = max(instants, default=None)
    return Standing(
        settled=work.labels.count_settled(since=since),
        drifting=any(alert.kind == DRIFT_ALERT for alert in work.monitoring.alerts(unresolved=True)),
        since=since,
    )
