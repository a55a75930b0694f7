"""Cases whose reads differ and that no senior here may decide: an operator has to know."""

from feedback.cases import without_senior
from monitoring.alerts import raise_once, resolve_gone
from overread.domain.alerts import Urgency
from pipeline.services import PipelineServices


def tell_of_undecidable(services: PipelineServices) -> int:
    """Raise an alert, once, where cases lack a senior who may read them; return how many there are.

    Every senior has raised them, reported their study, or read them; another senior is needed. Once no case
    lacks one, the alert is resolved.
    """
    with services.storage.look() as work:
        found = without_senior(work)
    with services.storage.work() as work:
        if found:
            raise_once(
                work,
                "senior",
                Urgency.WARNING,
                {"cases": str(len(found))},
                now=services.now(),
                worse=lambda before: len(found) > int(before["cases"]),
            )
        else:
            resolve_gone(work, "senior", now=services.now())
        work.commit()
    return len(found)
