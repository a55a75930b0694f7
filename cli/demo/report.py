"""`report.html`: the story with plots and heatmaps, one self-contained file."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from PIL import Image

from cli.demo import in_use, plots
from cli.demo.story import Play
from cli.demo.summary import Json
from model_registry.reasons import Teller
from overread.domain.adjudication import CaseState
from overread.domain.identifiers import StudyUid
from overread.measures.proportion import wilson
from overread.wording.catalogue import catalogue

FILMS = 8


def write_report(act: Play, summary: Json) -> None:
    """Write the report beside the summary."""
    models = {model["version"]: model for model in summary["models"]}
    before, after = models[summary["production"]["before"]], models[summary["production"]["after"]]
    names = {str(row.code): row.en for row in act.services.task.vocabulary.rows}
    kappa, policy = summary["corrections"]["kappa"], act.services.policy
    margins = {"sensitivity": policy.sensitivity_margin, "specificity": policy.specificity_margin}
    template = templates().get_template("report.html.j2")
    page = template.render(
        s=summary,
        fast=act.demo.fast,
        folder=act.demo.folder.name,
        kappa="not defined" if kappa["estimate"] is None else "{estimate} [{lower}, {upper}]".format(**kappa),
        story=_story(act, summary, models),
        plots={
            "missed": plots.missed(before, after, names),
            "gate": plots.gate(summary["comparisons"], margins),
            "seconds": plots.seconds(summary["seconds"]),
        },
        films=_films(act, names),
        reasons=_reasons(act, names),
        in_use=in_use.told(summary["in_use"]),
    )
    (act.demo.folder / "report.html").write_text(page, encoding="utf-8")


def templates() -> Environment:
    """Return the report's templates; what nobody has filled in is an error."""
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _story(act: Play, summary: Json, models: dict[str, Json]) -> Json:
    before, after = models[summary["production"]["before"]], models[summary["production"]["after"]]
    begins = (
        f"Version {before['version']} found {_percent(before['sensitivity'])} "
        "of the test studies with a finding. "
    )
    ends = "No candidate was promoted: the evidence was not enough, and the gate says so."
    if before is not after:
        ends = (
            f"After the corrections, version {after['version']} finds {_percent(after['sensitivity'])}, "
            f"at specificity {_percent(after['specificity'])} (before: {_percent(before['specificity'])})."
        )
    return {
        "before": begins + ends,
        "gain": _gain(models, act),
        "drift": _drift(act, summary),
        "train": len(act.cast.train),
        "tune": len(act.cast.tune),
        "test": len(act.cast.test),
        **_labels_right(act),
    }


def _reasons(act: Play, names: dict[str, str]) -> list[Json]:
    """Return every check of every comparison that the gate judged, with its reason, in order."""
    teller = Teller(words=catalogue("en"), findings=names)
    with act.services.storage.look() as work:
        requests = list(reversed(work.models.requests()))
    return [
        {
            "candidate": request.version,
            "verdict": request.verdict,
            "checks": told(teller, request.comparison),
        }
        for request in requests
    ]


def told(teller: Teller, comparison: Mapping[str, Any]) -> list[Json]:
    """Return every check of a comparison in words, and whether it decided."""
    return [
        {
            "title": teller.title(check["name"]),
            "role": teller.words.text(f"check_role.{check['role']}"),
            "status": teller.words.text(f"status.{check['status']}"),
            "decided": check["name"] in comparison["reasons"],
            "why": teller.reason(check, comparison["test_set"]),
        }
        for check in comparison["checks"]
    ]


def _gain(models: dict[str, Json], act: Play) -> str:
    good, control = models.get(act.told.good), models.get(act.told.control)
    if not good or not control or control["sensitivity"] is None:
        return ""
    gained = 100 * (good["sensitivity"] - control["sensitivity"])
    return (
        f"With corrections sensitivity is {_percent(good['sensitivity'])}, "
        f"without {_percent(control['sensitivity'])} ({gained:+.1f} points); "
        f"AUC {good['auc']:.3f} against {control['auc']:.3f}."
    )


def _labels_right(act: Play) -> Json:
    """Hold adjudicated labels and claims as filed against the truth that only the simulation knows."""
    truth = {study.study_uid: study.label for study in (*act.cast.arriving, *act.cast.drifted)}
    with act.services.storage.look() as work:
        closed = work.cases.in_state(CaseState.CLOSED)
        claims = [c for c in work.corrections.all() if c.disagrees and c.study in truth]
    settled = [case.outcome[0] is truth[case.study] for case in closed if case.study in truth]
    filed = [claim.label is truth[claim.study] for claim in claims]
    return {
        "labels_right": float(np.mean(settled)) if settled else 0.0,
        "labels_n": len(settled),
        "claims_right": float(np.mean(filed)) if filed else 0.0,
    }


def _drift(act: Play, summary: Json) -> str:
    last = summary["drift"][-1] if summary["drift"] else None
    if last is None or last["passed"] is not False:
        return "No drift check failed in this run."
    with act.services.storage.look() as work:
        predictions = {p.study: p for p in work.studies.predictions_since(None)}
    spared = [
        predictions[s.study_uid].label.value == "no_finding"
        for s in act.cast.drifted
        if not s.findings and s.study_uid in predictions
    ]
    found = wilson(sum(spared), len(spared))
    limits = f"[{_percent(found.lower)}, {_percent(found.upper)}]"
    share = f"{_percent(found.estimate)} {limits} of {found.n}" if spared else "none of the"
    tested = {model["version"]: model["specificity"] for model in summary["models"]}
    return (
        f"Studies of a scanner that the model has never seen came in. It called no finding in {share} "
        f"studies without one; on the test set it was {_percent(tested[summary['production']['after']])}. "
        f"The drift check saw it in {len(last['drifted'])} columns, and the next promotion was stopped "
        f"({act.told.stopped or 'not approved'})."
    )


def _films(act: Play, names: dict[str, str]) -> list[Json]:
    """Return pairs of film and heatmap of studies that the model in production calls a finding."""
    films: list[Json] = []
    operator = act.people["operator"]
    for study in act.cast.drifted:
        if len(films) >= FILMS or not study.findings:
            continue
        base = f"/api/v1/studies/{StudyUid(study.study_uid)}"
        heat = operator.call("GET", f"{base}/heatmap.png")
        image = operator.call("GET", f"{base}/image.png")
        if heat.is_error or image.is_error:
            continue
        said = ", ".join(names.get(code, code) for code in sorted(study.codes))
        films.append({"image": plots.picture_uri(_small(image.content)), "said": f"truly there: {said}"})
        films.append(
            {
                "image": plots.picture_uri(_laid_over(image.content, heat.content)),
                "said": "the model attends to",
            }
        )
    return films


def _small(png: bytes) -> bytes:
    return _png(Image.open(io.BytesIO(png)).convert("RGB"))


def _laid_over(image: bytes, heat: bytes) -> bytes:
    film = Image.open(io.BytesIO(image)).convert("RGBA")
    overlay = Image.open(io.BytesIO(heat)).convert("RGBA").resize(film.size)
    return _png(Image.alpha_composite(film, overlay).convert("RGB"))


def _png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.resize((240, 240)).save(file, format="PNG", optimize=True)
    return file.getvalue()
