"""A shadow that has ended is told to MLflow: tags on the run that made the candidate.

Whoever trains reads MLflow, so it learns how the two agreed and never who was right where the truth came
later: no live truth tunes the next candidate.
"""

from model_registry.logbook import shown
from model_registry.shadow import ShadowResult, analyse
from model_registry.shadow_run import TAG_SHADOW
from overread.domain.shadows import Shadow
from pipeline.parcels import claimed
from pipeline.services import PipelineServices


def tag_shadows(services: PipelineServices) -> int:
    """Tag the candidates of shadows that have ended; return how many shadows were told of."""
    done = 0
    for parcel in claimed(services, TAG_SHADOW):
        with services.storage.look() as work:
            shadow = work.shadows.get(parcel.key)
            tags, run = tags_of(shadow, analyse(work, shadow)), work.models.get(shadow.candidate).lineage.run
        for name, value in tags.items():
            services.tracking.client.set_tag(run, f"overread.shadow.{name}", value)
        done += 1
    return done


def tags_of(shadow: Shadow, result: ShadowResult) -> dict[str, str]:
    """Return what MLflow is told of a shadow."""
    calls = result.calls
    return {
        "id": shadow.id,
        "state": shadow.state,
        "production": shadow.production,
        "studies": str(result.studies),
        "failed": str(result.failed),
        "agreement": shown(calls.agreement),
        "call_rate_difference": shown(calls.call_rate_difference),
        "score_difference": shown(calls.score_difference),
        "only_candidate": str(calls.only_candidate),
        "only_production": str(calls.only_production),
    }
