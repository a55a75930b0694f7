"""The review page against the API: the same numbers; and what stands behind a signature is named and kept."""

import html
import re
from dataclasses import replace
from typing import Any

from sqlalchemy import update

from feedback.datasets import DatasetRow, Gathered, Recipe, keep
from overread.domain.adjudication import Grade
from overread.domain.datasets import Split
from overread.domain.findings import Label
from overread.domain.identifiers import PatientKey, StudyUid
from overread.store.tables.models import models
from tests.builders import a_correction
from tests.serving.builders import ask_for
from tests.serving.conftest import House
from tests.serving.pages.builders import furnish, sign_in

MINUS = "\N{MINUS SIGN}"


def part(page: str, name: str) -> str:
    """Return one section of a page as plain text."""
    (found,) = re.findall(rf'<section class="[^"]*" id="{name}".*?</section>', page, re.DOTALL)
    return html.unescape(" ".join(re.sub(r"<[^>]*>", " ", found).split()))


def shown(check: dict[str, Any], key: str, *, sign: bool = True) -> str:
    """Write a number of the API as people read it: shares in points, the rest to three places."""
    points = check["name"].endswith(("sensitivity", "specificity")) or "finding:" in check["name"]
    value = check[key] * (100 if points else 1)
    text = f"{value:+.1f}" if points else f"{value:+.3f}"
    return text.replace("-", MINUS) if sign else text.lstrip("+")


def test_the_page_shows_the_numbers_of_the_api(served: House) -> None:
    furnish(served)
    told = served.ask("ruth", "GET", "/api/v1/candidates/2").json()
    page = sign_in(served, "ruth").get("/candidates/2").text
    comparison, checks, groups = told["comparison"], part(page, "checks"), part(page, "slices")

    sliced = [each[what] for each in comparison["slices"] for what in ("sensitivity", "specificity")]
    for place, rows in ((checks, comparison["checks"]), (groups, [*comparison["by_finding"], *sliced])):
        for check in rows:
            if check["name"].startswith("slice:") and place is checks:
                continue  # in the other table
            if check["estimate"] is None:
                continue
            assert f"{shown(check, 'estimate')} {shown(check, 'lower')} … {shown(check, 'upper')}" in place
            if check["gained"] is not None and place is checks:
                assert f"+{check['gained']} {MINUS}{check['lost']} / {check['n']}" in place
    assert groups.count("Counts only") == sum(
        row["status"] == "counts-only" for row in comparison["by_finding"]
    )

    flips = part(page, "flips")
    for flip in comparison["flips"]:
        for model in ("production", "candidate"):
            assert f"{flip[model]:.2f}" in flips
        assert f"…{flip['study'][-8:]}" in flips
    missed = sum(flip["kind"] == "missed" for flip in comparison["flips"])
    assert f"{missed} missed {len(comparison['flips']) - missed} false alarms" in flips
    ledger = part(page, "ledger")
    assert f"Use number {told['ledger']['look']}" in ledger
    assert f"Uses allowed {told['ledger']['looks']}" in ledger
    assert f"{told['ledger']['alpha']:g}" in ledger
    assert f"{told['lineage']['dataset_version']}" in part(page, "lineage")
    assert part(page, "sign").count("waits for a signature") == told["needed"] - len(told["decisions"]) - 1


def test_what_was_looked_at_is_kept_for_each_reviewer_and_goes_into_the_record(served: House) -> None:
    department = furnish(served)
    ruth, rolf = sign_in(served, "ruth"), sign_in(served, "rolf")
    page = ruth.get("/candidates/2")
    assert "0 of 2 flips seen" in part(page.text, "sign")
    assert "candidates/2/flips/" in page.text
    assert ruth.send(page, "/candidates/2/seen", {"study": department.clear}).status_code == 303
    assert "1 of 2 flips seen" in part(ruth.get("/candidates/2").text, "sign")
    assert "0 of 2 flips seen" in part(rolf.get("/candidates/2").text, "sign")
    unseen = ruth.get("/candidates/2?flips=unseen").text
    assert f'data-study="{department.finding}"' in unseen
    assert f'data-study="{department.clear}"' not in unseen

    form = {"decision": "approve", "reason": "better on strands"}
    assert ruth.fill("/candidates/2", "/candidates/2/decisions", form).status_code == 303
    (decision,) = served.ask("rolf", "GET", "/api/v1/candidates/2").json()["decisions"]
    assert (decision["flips_seen"], decision["own_corrections"]) == (1, None)
    assert "had seen 1 of 2 flips" in part(rolf.get("/candidates/2").text, "sign")


def test_the_model_card_of_the_comparison_is_a_page_of_its_own(served: House) -> None:
    card = served.storage.objects.put(b"<!doctype html><title>Model card</title>")
    ask_for(served.storage, "2", lineage={"model_card": card})
    ruth = sign_in(served, "ruth")
    assert 'href="/candidates/2/model-card"' in ruth.get("/candidates/2").text
    page = ruth.get("/candidates/2/model-card")
    assert "<title>Model card</title>" in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    ask_for(served.storage, "3", lineage={})
    assert ruth.get("/candidates/3/model-card").status_code == 404


def learned_from(house: House, *studies: str) -> None:
    """Let candidate 2 have been trained on a dataset in which these studies are corrected."""
    rows = [
        DatasetRow(
            study=StudyUid(study),
            patient=PatientKey("p"),
            split=Split.TRAIN,
            label=Label.HAS_FINDING,
            grade=Grade.DOUBLE,
            correction=True,
            complete=True,
        )
        for study in studies
    ]
    with house.storage.work() as work:
        now = house.clock.now()
        gathered = Gathered(task=house.task, recipe=Recipe(), rows=tuple(rows), leaks=())
        dataset = keep(work, house.storage.objects, gathered, by="olga", now=now)
        lineage = replace(work.models.get("2").lineage, dataset_version=dataset.version)
        work.commit()
    with house.storage.engine.begin() as connection:
        connection.execute(update(models).where(models.c.version == "2").values(lineage=lineage))


def test_own_corrections_in_the_training_data_are_named_and_recorded_and_do_not_forbid(served: House) -> None:
    department = furnish(served)
    learned_from(served, department.finding, department.clear)
    with served.storage.work() as work:
        said = a_correction(by="ruth", study=StudyUid(department.clear), case=None)
        work.corrections.add(said)
        work.commit()
    ruth = sign_in(served, "ruth")
    assert "corrections you had a part in: 1 (1 disputed by you, 0 read by you)" in part(
        ruth.get("/candidates/2").text, "sign"
    )
    assert "No conflict" in part(sign_in(served, "rolf").get("/candidates/2").text, "sign")
    form = {"decision": "approve", "reason": "better on strands"}
    assert ruth.fill("/candidates/2", "/candidates/2/decisions", form).status_code == 303
    assert "studies of the training data with own corrections: 1" in part(
        ruth.get("/candidates/2").text, "sign"
    )
    with served.storage.look() as work:
        (given,) = work.models.request("2").reviews
        told = [row.event for row in work.audit.rows() if row.event.action == "promotion-reviewed"]
    assert given.own_corrections == 1
    assert told[-1].details["own_corrections"] == 1
