"""MLflow learns how a candidate and production agreed, and not who was right."""

from model_registry.shadow_run import Plan, keep_answer, register, stop
from overread.domain.identifiers import PersonKey, VersionKey
from overread.domain.shadows import Shadow
from pipeline.following import hand_on
from pipeline.services import PipelineServices
from tests.builders import a_label, a_model, a_prediction, a_shadow_answer, a_study, keep_study, uid

SERVING = VersionKey("9")


def _ended(services: PipelineServices) -> Shadow:
    """Keep a shadow of version 1 that was stopped after one study, whose truth is known."""
    now = services.now()
    with services.storage.work() as work:
        work.models.add(a_model(SERVING))
        work.models.put_in_production(
            services.task.name, SERVING, at=now, by=("ruth", "rolf"), reason="", rollback=False
        )
        plan = Plan(candidate=VersionKey("1"), by=PersonKey("olga"), why="does it hold", studies=2)
        shadow = register(work, plan, policy=services.policy, task=services.task.name, now=now)
        keep_study(work, a_study())
        work.studies.add_prediction(a_prediction(probability=0.9, model_version=SERVING))
        work.labels.add(a_label())
        keep_answer(work, a_shadow_answer(shadow=shadow.id, probability=0.2))
        stop(work, shadow.id, by=PersonKey("olga"), reason="a pause", now=now)
        work.commit()
    return shadow


def test_a_shadow_that_ended_is_told_once_on_the_run_of_its_candidate(school: PipelineServices) -> None:
    shadow = _ended(school)
    assert hand_on(school) == 1
    assert hand_on(school) == 0
    with school.storage.look() as work:
        run = work.models.get("1").lineage.run
    tags = school.tracking.client.get_run(run).data.tags
    told = {name: value for name, value in tags.items() if name.startswith("overread.shadow.")}
    assert told["overread.shadow.id"] == shadow.id
    assert told["overread.shadow.state"] == "stopped"
    assert told["overread.shadow.agreement"].startswith("0.000 [0.000, ")
    assert told["overread.shadow.score_difference"].startswith("-0.700 ")
    assert (told["overread.shadow.only_candidate"], told["overread.shadow.only_production"]) == ("0", "1")
    assert not any("sensitivity" in name or "label" in name for name in told)
    assert uid() not in str(tags)
