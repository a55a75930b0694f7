"""How good a version is on the tuning set; the test set is asked only through the ledger."""

from feedback.datasets import load
from model_registry.evaluation import evaluate, score
from model_registry.packaging import open_package
from model_registry.recording import Json, recorded
from overread.domain.datasets import Split
from overread.domain.errors import EvidenceError, NotFoundError
from pipeline.cases import baseline_beside, cases_of_rows
from pipeline.services import PipelineServices


def tuning_evaluation(services: PipelineServices, version: str | None) -> dict[str, Json]:
    """Return how a version (production, if none is named) does on the tuning set it was chosen on."""
    with services.storage.look() as work:
        model = work.models.get(version) if version else work.models.production(services.task.name)
        if model is None:
            raise NotFoundError("no model is in production; name a version")
        dataset = work.datasets.get(model.lineage.dataset_version)
    rows = [row for row in load(services.storage.objects, dataset.digest) if row.split is Split.TUNE]
    source = services.pictures(model.image_size)
    readable = set(source.readable([row.study for row in rows]))
    cases = cases_of_rows([row for row in rows if row.study in readable])
    if not cases:
        raise EvidenceError("no tuning study has a readable picture; import more studies")
    pictures = source.gather([case.study for case in cases])
    package = open_package(services.storage.objects.get(model.digest))
    scores = score(package, pictures, threads=services.settings.inference_threads)
    evaluation = evaluate(cases, scores.probability[:, 0], threshold=model.threshold)
    shown = recorded(evaluation)
    fewest = min(evaluation.n_positive, evaluation.n - evaluation.n_positive)
    needed = services.task.minimum_verdict_class
    return {
        "version": model.version,
        **(shown if isinstance(shown, dict) else {}),
        "grey_levels_alone": recorded(baseline_beside(cases, pictures)),
        "note": f"no verdict: {fewest} of one class, fewer than {needed}" if fewest < needed else "",
    }
