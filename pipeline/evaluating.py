"""How good a version is on the tuning set; the test set is asked only through the ledger."""

from feedback.datasets import load
from model_registry.evaluation import evaluate, score
from model_registry.packaging import open_package
from model_registry.recording import Json, recorded
from model_registry.test_set import TestCase
from overread.domain.datasets import Split
from overread.domain.errors import NotFoundError
from overread.domain.identifiers import FindingCode
from pipeline.services import PipelineServices


def tuning_evaluation(services: PipelineServices, version: str | None) -> dict[str, Json]:
    """Return the evaluation of a version (production, if none is named) on the tuning set it was chosen on."""
    with services.storage.look() as work:
        model = work.models.get(version) if version else work.models.production(services.task.name)
        if model is None:
            raise NotFoundError("no model is in production; name a version")
        dataset = work.datasets.get(model.lineage.dataset_version)
    rows = [row for row in load(services.storage.objects, dataset.digest) if row.split is Split.TUNE]
    source = services.pictures(model.image_size)
    readable = set(source.readable([row.study for row in rows]))
    cases = [
        TestCase(
            study=row.study,
            patient=row.patient,
            label=row.label,
            findings=tuple(FindingCode(code) for code, _ in row.findings),
        )
        for row in rows
        if row.study in readable
    ]
    package = open_package(services.storage.objects.get(model.digest))
    scores = score(package, source.gather([case.study for case in cases]))
    shown = recorded(evaluate(cases, scores.probability[:, 0], threshold=model.threshold))
    return {"version": model.version, **(shown if isinstance(shown, dict) else {})}
