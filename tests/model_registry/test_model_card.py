"""The card: made from what is recorded, and honest about what it is not."""

from dataclasses import replace

import numpy as np
import pytest

from model_registry.evaluation import evaluate
from model_registry.gate import Field, judge
from model_registry.int8_gate import judge_int8
from model_registry.localisation import localise
from model_registry.model_card import CardFacts, model_card
from model_registry.recording import recorded
from overread.domain.datasets import DatasetVersion, TestSet
from overread.domain.estimates import Estimate
from overread.domain.identifiers import Digest, VersionKey
from overread.domain.models import Lineage, ModelState, ModelVersion
from overread.domain.policies import Int8Margins
from tests.model_registry.toys import AT, a_contender, a_look, a_policy, answering, some_cases

CASES = some_cases(120, 120)
SCORES = answering(CASES, misses=12, false_alarms=18)


@pytest.fixture(scope="module")
def facts() -> CardFacts:
    model = ModelVersion(
        version=VersionKey("2"),
        name="demo",
        architecture="resnet10-lse",
        image_size=192,
        digest=Digest("c" * 64),
        threshold=0.5,
        state=ModelState.CANDIDATE,
        trained_at=AT,
        lineage=Lineage(
            dataset_version="d1", parent=VersionKey("1"), corrections=330, code="0.1.0+abc", run="r" * 32
        ),
        findings=("nodule", "effusion"),
    )
    return CardFacts(
        model=model,
        title="Simulated <department>",
        backbone="All weights started random: no pretrained checkpoint was used.",
        dataset=DatasetVersion(
            version="d1",
            digest=Digest("d" * 64),
            task="demo",
            created_at=AT,
            counts={"train.has_finding": 540, "train.no_finding": 1260},
            corrections=330,
        ),
        test_set=TestSet(
            version="T1",
            digest=Digest("e" * 64),
            task="demo",
            frozen_at=AT,
            n_positive=120,
            n_negative=120,
            looks=5,
        ),
        evaluation=evaluate(CASES, SCORES, threshold=0.5),
        baseline=Estimate(0.53, 0.47, 0.59, 0.95, "bca", 240),
        code="0.1.0+abc",
        environment={"python": "3.11.0", "torch": "2.13.0"},
        seed=7,
        notes=("Each split was filled until it had the studies wanted.",),
    )


def test_the_card_says_first_that_it_is_not_a_medical_device(facts: CardFacts) -> None:
    card = model_card(facts)
    assert card.index("Not a medical device.") < card.index("What it is")


def test_the_card_says_how_the_weights_began_and_what_they_learned_from(facts: CardFacts) -> None:
    card = model_card(facts)
    for words in (facts.backbone, "d1", "540 studies", "330", "0.1.0+abc", "torch 2.13.0", facts.notes[0]):
        assert words in card


def test_where_the_maps_point_stands_beside_two_guesses(facts: CardFacts) -> None:
    assert "Where its maps point" not in model_card(facts)
    maps = np.zeros((len(CASES), 8, 8), np.float32)
    maps[:, 0, 0] = 1
    boxed = [replace(case, boxes=((0.0, 0.0, 0.2, 0.2),) if case.positive else ()) for case in CASES]
    found = localise(boxed, maps)
    assert found is not None
    card = model_card(replace(facts, localisation=found))
    shown = found.model.pointing
    assert f"{shown.estimate:.3f} ({shown.lower:.3f} to {shown.upper:.3f})" in card
    assert card.index("its own") < card.index("the picture&#39;s centre") < card.index("its mean map")


@pytest.mark.parametrize(
    ("lost", "title", "served"),
    [(0, "In eight bits: passed", "eight-bit integers"), (9, "In eight bits: refused", "32-bit floats")],
)
def test_the_verdict_on_eight_bits_is_shown_with_its_numbers(
    facts: CardFacts, lost: int, title: str, served: str
) -> None:
    truth = np.repeat([1, 0], 300)
    floats, ints = np.where(truth, 0.8, 0.2), np.where(truth, 0.8, 0.2)
    ints[:lost] = 0.3
    verdict = judge_int8(truth, floats, ints, threshold=0.5, margins=Int8Margins())
    recorded_verdict = recorded(verdict)
    assert isinstance(recorded_verdict, dict)
    card = model_card(replace(facts, int8=recorded_verdict))
    assert title in card
    assert f"<td>{served}</td>" in card
    assert f"{verdict.sensitivity.lower:.3f} to {verdict.sensitivity.upper:.3f}" in card
    assert ("Refused by sensitivity" in card) is bool(lost)
    assert "In eight bits" not in model_card(facts)


def test_grey_levels_stand_beside_the_auc(facts: CardFacts) -> None:
    card = model_card(facts)
    auc = facts.evaluation.auc
    assert f"{auc.estimate:.3f} ({auc.lower:.3f} to {auc.upper:.3f})" in card
    assert "0.530 (0.470 to 0.590)" in card
    assert card.index("<th>AUC</th>") < card.index("AUC of grey levels alone") < card.index("Sensitivity")


def test_every_finding_and_count_of_the_evaluation_is_shown(facts: CardFacts) -> None:
    card = model_card(facts)
    assert "108 true positive" in card
    assert "<td>nodule</td><td>60</td>" in card
    assert "<td>Has finding</td>" in card
    assert "<th>Training, has finding</th>" in card


def test_what_is_recorded_is_shown_as_text_never_as_markup(facts: CardFacts) -> None:
    card = model_card(facts)
    assert "Simulated &lt;department&gt;" in card
    assert "<department>" not in card


def test_a_card_without_a_comparison_has_no_gate(facts: CardFacts) -> None:
    assert "The gate" not in model_card(facts)


def test_the_gates_word_names_its_checks(facts: CardFacts) -> None:
    before = a_contender("1", answering(CASES, misses=2, false_alarms=18))
    field = Field(candidate=a_contender("2", SCORES), production=before, anchor=before)
    card = model_card(replace(facts, judgement=judge(CASES, field, policy=a_policy(), look=a_look())))
    assert "The gate: INCONCLUSIVE" in card or "The gate: REJECT" in card
    assert "<td>anchor.sensitivity</td><td>required</td>" in card
    assert "nan" not in card


def test_a_first_release_is_said_to_be_one(facts: CardFacts) -> None:
    judgement = judge(
        CASES, Field(candidate=a_contender("2", SCORES)), policy=a_policy(), look=a_look(production=None)
    )
    card = model_card(replace(facts, judgement=judgement))
    assert "none: first release, held against floors" in card
    assert "floor.auc" in card


def test_an_undefined_number_is_a_dash(facts: CardFacts) -> None:
    none = evaluate(some_cases(3, 0), np.full(3, 0.1, np.float32), threshold=0.5)
    assert "<td>-</td>" in model_card(replace(facts, evaluation=none))
