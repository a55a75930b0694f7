"""Model cards of those a test set has just been asked about: kept as objects, and shown in MLflow."""

from model_registry.gate import Judgement
from model_registry.model_card import CardFacts, model_card
from model_registry.packaging import int8_verdict
from overread.domain.datasets import Shares, TestSet
from overread.domain.estimates import Estimate
from overread.domain.identifiers import Digest
from overread.store.records import parsed
from pipeline.services import PipelineServices

CARD = "model_card.html"
_KNOWN = ("production", "anchor")  # have their cards from when they were candidates
_ENVIRONMENT = "environment."


def keep_cards(services: PipelineServices, judgement: Judgement, test_set: TestSet) -> dict[str, Digest]:
    """Make, keep and log the card of the candidate and of those shown beside it; return digests by version.

    Without a baseline, which needs more patients than there are, no card is made.
    """
    baseline = _baseline(judgement)
    if baseline is None:
        return {}
    kept: dict[str, Digest] = {}
    for part in judgement.evaluations:
        if part not in _KNOWN:
            facts = _facts(services, judgement, test_set, part=part, baseline=baseline)
            page = model_card(facts)
            kept[facts.model.version] = services.storage.objects.put(page.encode())
            client, run = services.tracking.client, facts.model.lineage.run
            client.log_text(run, page, CARD)
            client.set_tag(run, "overread.model_card", kept[facts.model.version])
    return kept


def _facts(
    services: PipelineServices, judgement: Judgement, test_set: TestSet, *, part: str, baseline: Estimate
) -> CardFacts:
    with services.storage.look() as work:
        model = work.models.get(_version(judgement, part))
        dataset = work.datasets.get(model.lineage.dataset_version)
    run = services.tracking.client.get_run(model.lineage.run).data
    with services.storage.objects.opened(model.digest) as package:
        int8 = int8_verdict(package)
    return CardFacts(
        model=model,
        title=services.task.title["en"],
        backbone=run.params.get("start", "Not recorded."),  # trained before it was
        dataset=dataset,
        test_set=test_set,
        evaluation=judgement.evaluations[part],
        baseline=baseline,
        localisation=judgement.localisations[part],
        code=model.lineage.code,
        environment={
            name.removeprefix(_ENVIRONMENT): value
            for name, value in sorted(run.tags.items())
            if name.startswith(_ENVIRONMENT)
        },
        seed=int(run.params.get("seed", 0)),
        int8=int8,
        judgement=judgement if part == "candidate" else None,
        notes=(_how_split(services.task.shares),),
    )


def _how_split(shares: Shares) -> str:
    return (
        f"Patients were split by a salted hash: {shares.train:.0%} to train, {shares.tune:.0%} to tune, the "
        "others to test. No patient, and no picture that looks the same, crosses a split."
    )


def _version(judgement: Judgement, part: str) -> str:
    evaluations = judgement.record["evaluations"]
    shown = evaluations[part] if isinstance(evaluations, dict) else None
    return str(shown["version"]) if isinstance(shown, dict) else ""


def _baseline(judgement: Judgement) -> Estimate | None:
    """Return the AUC of grey levels alone as the record has it."""
    recorded = judgement.record["baseline"]
    shown = recorded.get("auc") if isinstance(recorded, dict) else None
    return parsed(Estimate, shown) if isinstance(shown, dict) else None
