"""The review page says what the record says, with every number's limits and of how many."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from feedback.reader_analysis import analyse
from overread.domain.datasets import Look, TestSet
from overread.domain.identifiers import Digest, VersionKey
from overread.wording.numbers import signed
from tests.builders import a_crossover, a_study, keep_study
from tests.feedback.test_reader_analysis import FOUR, all_reads
from tests.registries import a_check
from tests.serving.builders import a_drift_verdict, ask_for
from tests.serving.conftest import House
from tests.serving.pages.builders import a_comparison, furnish, sign_in
from tests.serving.test_performance import audited

AT = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)
A_SET: dict[str, Any] = {
    "digest": Digest("c" * 64),
    "task": "cxr-binary",
    "frozen_at": AT,
    "n_positive": 600,
    "n_negative": 600,
    "looks": 2,
}


def a_look(number: int) -> Look:
    return Look(
        id=f"look-of-the-new-set-{number}",
        test_set="new-set",
        look=number,
        alpha=0.0125,
        candidate=VersionKey(str(number)),
        production=None,
        by="olga",
        at=AT,
        why="retrained",
    )


def test_a_comparison_is_told_in_counts_with_limits_and_margins(served: House) -> None:
    department = furnish(served)
    page = sign_in(served, "ruth").get("/candidates/2").text
    for words in (
        "Among 600 studies with a finding, v2 finds 41 that v1 misses, and misses 17 that v1 finds.",
        "4 of 4 required checks pass; 0 of 2 that can only veto fail.",
        "+2.4 pp [+0.9, +3.9] in 600 studies: surely less than 3.0 pp is lost.",
        "+0.9 … +3.9",
        "\N{MINUS SIGN}3.0 pp",
        "+41 \N{MINUS SIGN}17 / 600",
        "Difference (99 %)",
        "Maker Acme: Sensitivity",
        "few fibrous strands",
        "412 studies with a marked finding",
        "<b>58.0 %</b>",
        "66.3 … 76.3",
        f"/api/v1/studies/{department.finding}/image.png",
    ):
        assert words in page, words
    assert 'class="iv inconclusive"' in page


@pytest.mark.parametrize(
    ("language", "unaudited", "withheld", "told"),
    [
        (
            "en",
            "has had its lot yet",
            "191 of 192 reads are given; before the last",
            "AUC, readers like these",
        ),
        ("zh", "还没有结果参加过抽签", "192 次阅片中已完成 191 次", "此类医师"),
    ],
)
def test_second_reads_and_reader_studies_of_the_version_stand_beside(
    served: House, language: str, unaudited: str, withheld: str, told: str
) -> None:
    furnish(served)
    ruth = sign_in(served, "ruth", language=language)
    assert unaudited in ruth.get("/candidates/2").text
    audited(served, read=5)
    study = a_crossover(range(1, 25), FOUR, model_version=VersionKey("2"))
    reads = all_reads(study)
    with served.storage.work() as work:
        for case in study.cases:
            if case.study not in {known.uid for known in work.studies.all()}:
                keep_study(work, a_study(uid=case.study))
        work.reader_studies.add(study)
        for read in reads[1:]:
            work.reader_studies.add_read(read)
        work.commit()
    page = ruth.get("/candidates/2").text
    assert '<td class="b nowrap">v1</td>' in page  # what serves is audited, not the candidate
    assert "83.3 %" in page  # ten found, and one of the five read, of ten, stands for two
    assert withheld in page
    assert told not in page
    with served.storage.work() as work:
        work.reader_studies.add_read(reads[0])
        work.commit()
    page, change = ruth.get("/candidates/2").text, analyse(study, reads).changes["specificity"]
    assert told in page
    assert f'<b>{signed(change.estimate, 3)}</b> <span class="sub">{signed(change.lower, 3)} …' in page
    assert "rita" not in page.partition('id="in_use"')[2].partition("</section>")[0]


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
    [("olga", "You are signed in as: Operator."), ("anna", "You are signed in as: Auditor.")],
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
    assert "mostly in studies of maker N" in ruth.get("/candidates/2").text
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


def test_who_trains_sees_how_many_studies_got_worse_and_none_of_them(served: House) -> None:
    department = furnish(served)
    page = sign_in(served, "olga").get("/candidates/2").text
    assert "1 missed" in page
    assert "1 false alarms" in page
    assert "whoever trains sees verdicts and counts" in page
    assert department.finding not in page


def test_the_list_says_how_often_the_test_set_may_still_be_asked(served: House) -> None:
    old, new = TestSet(version="old-set", **A_SET), TestSet(version="new-set", parent="old-set", **A_SET)
    with served.storage.work() as work:
        work.datasets.add_test_set(replace(old, frozen_at=AT - timedelta(days=300)))
        work.commit()
    ruth = sign_in(served, "ruth")
    assert "2 of 2 looks left" in ruth.get("/candidates").text
    with served.storage.work() as work:
        work.datasets.add_test_set(new)
        work.commit()
    assert "until then nothing is compared" in ruth.get("/candidates").text
    with served.storage.work() as work:
        for look in (1, 2):
            work.datasets.add_look(a_look(look))
        numbers = {"auc": {"estimate": 0.91}}
        difference = {"auc": {"estimate": -0.012, "lower": -0.034, "upper": 0.010}}
        crossed = {"version": "1", "old": numbers, "new": numbers, "difference": difference}
        record = json.dumps({"models": {"production": crossed}}).encode()
        work.datasets.set_bridge("new-set", served.storage.objects.put(record))
        work.commit()
    page = ruth.get("/candidates").text
    for words in (
        "0 of 2 looks left",
        "refresh-test-set",
        "It refreshes old-set",
        "\N{MINUS SIGN}0.034 … 0.010",
    ):
        assert words in page, words
