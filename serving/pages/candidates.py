"""Promotion review: two different people decide, with everything that speaks for and against in view."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.responses import HTMLResponse, PlainTextResponse

from bootstrap.bundles import LARGEST, change
from feedback.provenance import journey
from model_registry.change_record import record_page
from model_registry.flips import flips_of, mark_seen
from model_registry.promotion import roll_back, way_back
from model_registry.recording import Json
from model_registry.shadow_run import stop
from overread.domain.audit import AuditRow
from overread.domain.errors import ForbiddenError, NotFoundError, OverreadError
from overread.domain.identifiers import Digest, Identifier, VersionKey
from overread.domain.people import Permission, Person
from overread.store.unit_of_work import UnitOfWork
from serving.api.candidates import DecisionBody, keep_decision
from serving.api.models import RollbackBody
from serving.api.repeats import Once
from serving.api.shadows import ShadowBody, StopBody, keep_registration
from serving.api.shapes import named, study_named
from serving.pages.candidate_view import candidate_view, drift_word
from serving.pages.flips_view import Shows, flips_view, seen_words
from serving.pages.forms import Filled, Form, body_of
from serving.pages.in_use_view import in_use_view
from serving.pages.routing import PageRoute
from serving.pages.shadow_view import shadow_view
from serving.pages.sign_view import sign_view
from serving.pages.test_set_view import test_set_view
from serving.pages.visits import Visit, Visiting, back_to
from serving.security.permissions import CandidateViewer, Reviewer, RollBacker, ShadowStarter

router = APIRouter(prefix="/candidates", include_in_schema=False, route_class=PageRoute)

PRINTED = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
_OF_A_REQUEST = ("promotion-asked", "promotion-reviewed", "promotion-withdrawn")
Failed = tuple[Filled, OverreadError] | None


@router.get("")
def show_candidates(by: CandidateViewer, visit: Visiting) -> Response:
    """Show who asks to be promoted, and every version there has been."""
    return _list(visit, by)


@router.get("/{version}")
def show_candidate(
    version: str,
    by: CandidateViewer,
    visit: Visiting,
    flips: Annotated[Shows | None, Query()] = None,
) -> Response:
    """Show one candidate with all its evidence, and the first flips or a choice of them."""
    return _page(visit, by, version, shows=flips)


@router.get("/{version}/change-record")
def show_change_record(version: str, by: CandidateViewer, visit: Visiting) -> Response:
    """Show one version's change record as a page to print: a draft, for nobody has signed it."""
    del by
    web = visit.web
    with web.look() as work:
        told = change(work, web.objects, named(VersionKey, version), task=web.task, largest=LARGEST)
        head = work.audit.at(work.audit.length())
    record: dict[str, Json] = {
        "site": web.services.settings.site,
        "task": web.task.name,
        "made_at": web.now().isoformat(),
        "head": None if head is None else {"seq": head.seq, "hash": head.hash},
        "models": [told],
    }
    page = record_page(record, language=visit.language, vocabulary=web.task.vocabulary, draft=True)
    return HTMLResponse(page, headers={"Content-Security-Policy": PRINTED})


@router.get("/{version}/model-card")
def show_model_card(version: str, by: CandidateViewer, visit: Visiting) -> Response:
    """Show the model card that was made when the candidate was compared."""
    del by
    web = visit.web
    with web.look() as work:
        card = work.models.request(named(VersionKey, version)).lineage.get("model_card")
    if card is None:
        raise NotFoundError("no model card was made for this version")
    page = web.objects.get(named(Digest, str(card)))
    return HTMLResponse(page, headers={"Content-Security-Policy": PRINTED})


@router.post("/rollback")
def go_back(by: RollBacker, visit: Visiting, form: Form) -> Response:
    """Put the previous production model back."""
    web = visit.web
    try:
        why = body_of(RollbackBody, {"reason": form.text("reason").strip()}).reason
        with web.work() as work:
            roll_back(work, task=web.task.name, by=by.key, reason=why, now=web.now())
            work.commit()
    except OverreadError as error:
        return _list(visit, by, failed=(form, error))
    if web.scoring:
        web.slot.follow()
    web.worker.wake()
    return back_to("/candidates")


@router.post("/{version}/decisions")
def decide(version: str, by: Reviewer, visit: Visiting, form: Form) -> Response:
    """Approve or reject with a reason; the second approval puts the version into production."""
    web = visit.web
    try:
        body = body_of(
            DecisionBody,
            {
                "decision": form.text("decision"),
                "reason": form.text("reason").strip(),
                "accept_drift": form.text("accept_drift").strip() or None,
            },
        )
        with web.work() as work:
            once = Once(visit.request, by.key, form.key(), body)
            if once.before(work) is None:
                once.keep(work, keep_decision(work, web, version, body, by), web)
                work.commit()
    except (NotFoundError, ForbiddenError):
        raise
    except OverreadError as error:
        return _page(visit, by, version, failed=(form, error))
    web.worker.wake()
    return back_to(f"/candidates/{version}#sign")


@router.post("/{version}/seen")
def note_seen(version: str, by: Reviewer, visit: Visiting, form: Form) -> Response:
    """Note flips that a reviewer has looked at; the page's script is told how many these are by now."""
    key, web = named(VersionKey, version), visit.web
    with web.work() as work:
        flips = flips_of(work.models.request(key).comparison)
        seen = mark_seen(work, key, by.key, map(study_named, form.texts("study")), now=web.now())
        work.commit()
    if "HX-Request" in visit.request.headers:
        return PlainTextResponse(seen_words(visit, seen, len(flips)))
    return back_to(f"/candidates/{version}#flips")


@router.post("/{version}/shadow")
def run_in_shadow(version: str, by: ShadowStarter, visit: Visiting, form: Form) -> Response:
    """Register a shadow of this candidate, or stop the one that runs."""
    web, why = visit.web, form.text("why").strip()
    try:
        with web.work() as work:
            if form.text("act") == "stop":
                reason = body_of(StopBody, {"reason": why}).reason
                shadow = named(Identifier, form.text("shadow"))
                stop(work, shadow, by=by.key, reason=reason, now=web.now())
            else:
                asked: dict[str, object] = {"candidate": version, "why": why, "studies": form.text("studies")}
                keep_registration(work, web, body_of(ShadowBody, asked), by)
            work.commit()
    except (NotFoundError, ForbiddenError):
        raise
    except OverreadError as error:
        return _page(visit, by, version, failed=(form, error), failed_at="shadow")
    web.worker.wake()
    return back_to(f"/candidates/{version}#shadow")


def _page(
    visit: Visit,
    by: Person,
    version: str,
    *,
    shows: Shows | None = None,
    failed: Failed = None,
    failed_at: str = "sign",
) -> Response:
    with visit.web.look() as work:
        request = work.models.request(named(VersionKey, version))
        view = candidate_view(visit, request)
        view["chain"] = _last_told(work, request.version)
        view["flips"] = flips_view(visit, work, by, request, shows=shows)
        view["sign"] = sign_view(visit, work, by, request)
        dataset = work.models.get(request.version).lineage.dataset_version
        view["journey"] = journey(work, visit.web.objects, dataset)
    view["shadow"] = shadow_view(visit, by, request.version)
    view["in_use"] = in_use_view(visit, request.version, view["production"])
    facts = {"view": view, "task": visit.web.task.name, "failed_at": failed_at}
    return _answer(visit, "candidates/page.html", failed, **facts)


def _last_told(work: UnitOfWork, version: VersionKey) -> AuditRow | None:
    """Return the latest row of the change record about the request for a version."""
    told = work.audit.told(_OF_A_REQUEST)
    return next((row for row in reversed(told) if row.event.details.get("version") == version), None)


def _list(visit: Visit, by: Person, *, failed: Failed = None) -> Response:
    with visit.web.look() as work:
        requests, models = _requests(work, visit), _models(work, visit)
        back = way_back(work, visit.web.task.name)
        test_set = test_set_view(work, visit.web.objects, visit)
    roll = by.may(Permission.ROLL_BACK) and any(each["state"] == "production" for each in models)
    facts = {"requests": requests, "models": models, "can_roll_back": roll, "way_back": back}
    facts["test_set"] = test_set
    return _answer(visit, "candidates/list.html", failed, **facts)


def _answer(visit: Visit, template: str, failed: Failed, **facts: Any) -> Response:
    if failed is None:
        return visit.page(template, **facts)
    form, error = failed
    return visit.page(template, typed=form, error=error, **facts)


def _requests(work: UnitOfWork, visit: Visit) -> list[dict[str, object]]:
    return [
        {
            "version": request.version,
            "verdict": request.verdict,
            "state": request.state.value,
            "drift": drift_word(request.drift),
            "approvals": request.approvals,
            "by": request.requested_by,
            "at": visit.formats.instant(request.created_at),
        }
        for request in work.models.requests()
    ]


def _models(work: UnitOfWork, visit: Visit) -> list[dict[str, object]]:
    return [
        {
            "version": model.version,
            "state": model.state.value,
            "at": visit.formats.instant(model.trained_at),
            "architecture": model.architecture,
            "digest": model.digest,
        }
        for model in reversed(work.models.all())
    ]
