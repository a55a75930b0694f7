"""The review page says what the record says, with every number's limits and of how many."""

from typing import Any

import pytest

from tests.serving.builders import a_drift_verdict, ask_for
from tests.serving.conftest import House
from tests.serving.pages.builders import a_check, a_comparison, furnish, sign_in


def test_a_comparison_is_told_in_counts_with_limits_and_margins(served: House) -> None:
    department = furnish(served)
    page = sign_in(served, "ruth").get("/candidates/2").text
    for words in (
        "Among 600 studies with a finding, v2 finds 41 that v1 misses, and misses 17 that v1 finds.",
        "5 of 6 checks pass.",
        "+0.9 … +3.9",
        "\N{MINUS SIGN}3.0 pp",
        "+41 \N{MINUS SIGN}17 / 600",
        "Difference (99.0 %)",
        "Maker Acme: Sensitivity",
        "few fibrous strands",
        "412 studies with a marked finding",
        "<b>58.0 %</b>",
        "66.3 … 76.3",
        f"/api/v1/studies/{department.finding}/image.png",
    ):
        assert words in page, words
    assert 'class="iv inconclusive"' in page


def test_a_first_version_is_held_against_floors(served: House) -> None:
    first: dict[str, Any] = {
        "verdict": "INCONCLUSIVE",
        "reasons": ["floor.auc"],
        "policy": "demo",
        "test_set": {"version": "t1", "n": 1200, "n_positive": 600, "n_negative": 600},
        "candidate": "2",
        "production": None,
        "anchor": None,
        "checks": [a_check("floor.auc", "inconclusive", estimate=0.71, lower=0.68, upper=0.74, margin=0.7)],
        "by_finding": [],
        "slices": [],
        "flips": [],
        "evaluations": {"candidate": {"version": "2", "digest": "a" * 64}},
        "baseline": None,
    }
    ask_for(served.storage, "2", verdict="INCONCLUSIVE", comparison=first, drift=None)
    page = sign_in(served, "ruth").get("/candidates/2").text
    for words in ("First version v2", "not enough evidence yet", "What decided: AUC floor.", "0.680 … 0.740"):
        assert words in page, words
    assert 'value="approve" disabled' in page
    assert "v—" not in page
    assert "Where the maps point" not in page


def test_the_way_back_is_open_only_where_there_is_one(served: House) -> None:
    furnish(served)
    ruth = sign_in(served, "ruth")
    page = ruth.get("/candidates").text
    assert '<button class="btn danger" disabled' in page
    assert "there is nothing to go back to" in page
    for who in ("ruth", "rolf"):
        form = {"decision": "approve", "reason": "better on strands"}
        sign_in(served, who).fill("/candidates/2", "/candidates/2/decisions", form)
    page = ruth.get("/candidates").text
    assert '<button class="btn danger" disabled' not in page
    assert "there is nothing to go back to" not in page


@pytest.mark.parametrize(
    ("who", "words"),
    [("olga", "Only reviewers approve or reject."), ("anna", "Only reviewers approve or reject.")],
)
def test_whoever_may_not_decide_is_told_so_and_finds_no_button(served: House, who: str, words: str) -> None:
    furnish(served)
    page = sign_in(served, who).get("/candidates/2").text
    assert words in page
    assert 'value="approve"' not in page


def test_a_failed_drift_check_asks_for_a_word_of_its_own(served: House) -> None:
    comparison = a_comparison("1.2.3", "1.2.4")
    ask_for(served.storage, "2", comparison=comparison, drift=a_drift_verdict(passed=False))
    ruth = sign_in(served, "ruth")
    form = {"decision": "approve", "reason": "better"}
    refused = ruth.fill("/candidates/2", "/candidates/2/decisions", form)
    assert refused.status_code == 409
    assert "say why the promotion may follow before you approve" in refused.text
    explained = form | {"accept_drift": "the scanner was replaced, seen by two"}
    assert ruth.fill("/candidates/2", "/candidates/2/decisions", explained).status_code == 303
    assert "the scanner was replaced" in ruth.get("/candidates/2").text


def test_a_request_without_a_comparison_says_so(served: House) -> None:
    ask_for(served.storage, "2", verdict=None, comparison={}, ledger={}, lineage={}, drift=None)
    page = sign_in(served, "ruth", language="zh").get("/candidates/2")
    assert page.status_code == 200
    assert "没有比较记录" in page.text
