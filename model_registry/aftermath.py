"""What followed on a version: when it served, what was raised meanwhile, which rows of the chain say so."""

from datetime import datetime

from model_registry.promotion import way_back
from model_registry.recording import Json
from overread.domain.audit import TOLD, AuditEvent
from overread.domain.models import ModelVersion
from overread.store.models import Succession
from overread.store.records import plain
from overread.store.unit_of_work import UnitOfWork

_NAMED = TOLD | {"normal-text-switched"}  # the event is named; its reason may be of a study
_DRIFT_CHECKS = 10_000


def afterwards(work: UnitOfWork, model: ModelVersion, task: str) -> dict[str, Json]:
    """Return when it served, and which alerts and drift checks fell into those times."""
    history = work.models.successions(task)
    followers: list[Succession | None] = [*history[1:], None]
    served = [
        (each, then) for each, then in zip(history, followers, strict=True) if each.version == model.version
    ]

    def while_serving(at: datetime) -> bool:
        return any(each.at <= at and (then is None or at < then.at) for each, then in served)

    return {
        "served": [
            {"began": plain(each), "ended": None if then is None else plain(then)} for each, then in served
        ],
        "alerts": [
            {
                "kind": alert.kind,
                "urgency": alert.urgency.value,
                "raised_at": plain(alert.raised_at),
                "resolved_at": None if alert.resolved_at is None else plain(alert.resolved_at),
                "resolved_by": alert.resolved_by,
            }
            for alert in reversed(work.monitoring.alerts())
            if while_serving(alert.raised_at)
        ],
        "drift_checks": [
            {
                "at": plain(check.at),
                "passed": check.verdict.passed,
                "n_current": check.verdict.n_current,
                "drifted": list(check.verdict.drifted),
            }
            for check in reversed(work.monitoring.checks(limit=_DRIFT_CHECKS))
            if while_serving(check.at)
        ],
        "way_back": way_back(work, task) if served and served[-1][1] is None else None,
    }


def events(work: UnitOfWork, version: str) -> list[Json]:
    """Return the rows of the chain that tell of a version, by number and hash."""
    return [
        {
            "seq": row.seq,
            "at": plain(row.event.at),
            "by": row.event.by,
            "action": row.event.action,
            "hash": row.hash,
        }
        for row in work.audit.told(_NAMED)
        if _tells_of(row.event, version)
    ]


def _tells_of(event: AuditEvent, version: str) -> bool:
    named = {event.details.get(name) for name in ("version", "candidate", "from", "to")}
    return version in named or event.subject in {f"model:{version}", f"request:{version}"}
