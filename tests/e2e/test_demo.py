"""The demo's story holds on measurement: what its summary says is what its record, pages and flows say."""

import httpx
import pytest

from bootstrap.storage import open_storage
from overread.domain.adjudication import CaseState
from overread.settings.environment import Settings
from tests.e2e.conftest import Played

pytestmark = [pytest.mark.slow, pytest.mark.services, pytest.mark.xdist_group("demo")]

KEYS = {
    "seed",
    "studies",
    "splits",
    "corrections",
    "dataset_versions",
    "models",
    "comparisons",
    "drift",
    "promotions",
    "refused",
    "flows",
    "production",
    "in_use",
    "audit",
    "histogram_baseline_auc",
    "seconds",
    "production_step",
}


def asked(base: str, played: Played, name: str) -> httpx.Client:
    return httpx.Client(base_url=base, headers={"Authorization": f"Bearer {played.tokens[name]}"}, timeout=60)


def test_the_summary_has_every_part(played: Played) -> None:
    assert set(played.summary) == KEYS


def test_no_study_is_dropped(played: Played) -> None:
    studies = played.summary["studies"]
    assert studies["received"] == studies["included"] + studies["excluded"] + studies["quarantined"]
    assert studies["excluded"] > 0
    assert studies["quarantined"] > 0


def test_both_ways_of_correcting_were_used_and_settled(played: Played) -> None:
    corrections = played.summary["corrections"]
    assert corrections["explicit"] > 0
    assert corrections["implicit"] > 0
    assert corrections["adjudicated"] > 0
    assert corrections["kappa"]["lower"] < corrections["kappa"]["estimate"] < corrections["kappa"]["upper"]


def test_the_first_model_beats_chance_and_grey_levels(played: Played) -> None:
    first = played.summary["models"][0]
    assert first["auc_lower"] > 0.5
    assert first["auc"] > played.summary["histogram_baseline_auc"]


def test_the_careless_candidate_is_never_promoted(played: Played) -> None:
    careless = [m["version"] for m in played.summary["models"] if m["recipe"].endswith("-bad")]
    assert len(careless) == 1
    assert careless[0] not in {promoted["version"] for promoted in played.summary["promotions"]}


def test_only_a_verdict_of_promote_with_two_approvals_reached_production(played: Played) -> None:
    verdicts = {compared["candidate"]: compared["verdict"] for compared in played.summary["comparisons"]}
    for promoted in played.summary["promotions"]:
        assert len(set(promoted["approved_by"])) == 2
        assert verdicts.get(promoted["version"], "PROMOTE") == "PROMOTE"


def test_the_new_scanner_stops_the_next_promotion(played: Played) -> None:
    assert played.summary["drift"][-1]["passed"] is False
    assert any("of maker" in said for said in played.summary["drift"][-1]["attributed"])
    last = played.summary["models"][-1]["version"]
    assert played.summary["production"]["after"] != last
    assert last in {refused["version"] for refused in played.summary["refused"]}


def test_every_flow_ended_completed_and_decisions_name_their_flows(played: Played) -> None:
    flows = {flow["id"]: flow["state"] for flow in played.summary["flows"]}
    assert flows
    assert set(flows.values()) == {"COMPLETED"}
    for decided in (*played.summary["promotions"], *played.summary["refused"]):
        assert decided["mlflow_run"]
        assert set(decided["flow_runs"]) <= set(flows)
        assert decided["flow_runs"]


def test_the_record_is_whole(played: Played) -> None:
    assert played.summary["audit"]["verified"] is True
    assert played.summary["audit"]["rows"] > played.summary["corrections"]["adjudicated"]


def test_a_look_at_the_test_set_is_left(played: Played) -> None:
    assert max(compared["look"] for compared in played.summary["comparisons"]) < 5


def test_the_report_is_one_self_contained_page(played: Played) -> None:
    page = (played.folder / "report.html").read_text(encoding="utf-8")
    assert "Not a medical device" in page
    assert "data:image/" in page
    assert 'src="http' not in page
    assert "No candidate ran beside production in this run" in page
    audited = played.summary["in_use"]["audits"][0]
    assert f"{audited['audits_read']} of {audited['audits_drawn']}" in page


def test_a_moved_folder_is_served_with_something_to_do_on_every_page(reopened: str, played: Played) -> None:
    with asked(reopened, played, "operator") as http:
        counts = {
            state: len(http.get("/api/v1/studies", params={"state": state, "limit": 1}).json()["items"])
            for state in ("predicted", "reported", "excluded", "quarantined")
        }
        assert all(counts.values()), counts
        assert http.get("/health/ready").json()["checks"]["inference"]["ok"] is True
        candidates = http.get("/api/v1/candidates").json()["items"]
        assert any(candidate["state"] == "open" for candidate in candidates)
        assert http.get("/api/v1/audit/verify").json()["ok"] is True
    with asked(reopened, played, "resident-1") as http:
        assert http.get("/api/v1/adjudication/next").status_code == 200
    with open_storage(Settings(data_dir=played.folder, task="demo")).look() as work:
        assert work.cases.count_by_state()[CaseState.OPEN] >= 20
