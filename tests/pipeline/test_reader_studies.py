"""A reader study is drawn from the frozen test set by its seed, of pictures that no reader knows."""

import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from model_registry.evaluation import score
from model_registry.ledger import Question, take_look
from model_registry.packaging import open_package
from overread.domain.datasets import Split
from overread.domain.errors import EvidenceError, InputError, NotFoundError
from overread.domain.findings import Label
from overread.domain.identifiers import PersonKey, StudyUid, VersionKey
from overread.domain.models import ModelState
from overread.domain.people import Role
from overread.domain.reader_studies import CrossoverName, CrossoverStudy
from pipeline.comparing import frozen_test_set
from pipeline.leaks import LeakError
from pipeline.reader_studies import Design, UntriedError, set_up
from pipeline.services import PipelineServices
from tests.builders import a_report
from tests.pipeline.departments import in_split, put_in_production

READERS = (PersonKey("remy"), PersonKey("rosa"))


def design(name: str = "pilot", **changes: Any) -> Design:
    asked = Design(
        name=CrossoverName(name),
        n_cases=11,
        readers=READERS,
        version=VersionKey("1"),
        washout_days=14,
        seed=7,
        by=PersonKey("olga"),
    )
    return replace(asked, **changes)


@pytest.fixture
def staffed(school: PipelineServices) -> PipelineServices:
    """The department with two readers, its test set frozen and version 1 released."""
    frozen_test_set(school)
    put_in_production(school, "1")
    with school.storage.work() as work:
        for name in READERS:
            work.people.add(name, Role.READER, password=None, at=school.now())
        work.commit()
    return school


def test_one_seed_draws_the_same_cases_in_the_same_orders(staffed: PipelineServices) -> None:
    one, again = set_up(staffed, design("one")), set_up(staffed, design("again"))
    other = set_up(staffed, design("other", seed=8))

    def drawn(study: CrossoverStudy) -> list[list[StudyUid]]:
        studies = {case.key: case.study for case in study.cases}
        return [[studies[key] for key in order] for each in study.sequences for order in each.orders]

    assert drawn(one) == drawn(again) != drawn(other)
    assert [case.study for case in one.cases] == [case.study for case in again.cases]
    assert not {case.key for case in one.cases} & {case.key for case in again.cases}


def test_cases_are_test_studies_half_with_a_finding_scored_by_the_fixed_version(
    staffed: PipelineServices,
) -> None:
    study = set_up(staffed, design())
    assert {case.study for case in study.cases} <= {one.uid for one in in_split(staffed, Split.TEST)}
    assert [case.truth for case in study.cases].count(Label.HAS_FINDING) == 6
    with staffed.storage.look() as work:
        model = work.models.get("1")
        assert work.reader_studies.named("pilot") == study
        test_set = work.datasets.test_set()
        assert test_set is not None
        (use,) = work.datasets.uses(test_set.version)
        assert (use.purpose, use.model, use.by, use.why) == (
            "reader-study",
            "1",
            "olga",
            "reader study pilot",
        )
        assert work.datasets.looks(test_set.version) == []
        *_, before, row = work.audit.rows()
    assert (before.event.action, before.event.subject) == ("test-set-use", use.id)
    assert (row.event.action, row.event.subject) == ("reader-study-registered", study.id)
    pictures = staffed.pictures(model.image_size).gather([case.study for case in study.cases])
    scores = score(open_package(staffed.storage.objects.get(model.digest)), pictures)
    assert [case.probability for case in study.cases] == pytest.approx(scores.probability[:, 0], abs=1e-6)
    kept = np.load(io.BytesIO(staffed.storage.objects.get(study.maps)), allow_pickle=False)
    assert kept == pytest.approx(scores.map, abs=1e-6)


def test_what_a_reader_has_reported_is_not_drawn_for_them(staffed: PipelineServices) -> None:
    known = [one.uid for one in in_split(staffed, Split.TEST)][::2]
    with staffed.storage.work() as work:
        for uid in known:
            work.reports.add(replace(a_report(), study=uid, edited_by=READERS[0]))
        work.commit()
    study = set_up(staffed, design(n_cases=12))
    assert not {case.study for case in study.cases} & set(known)
    with pytest.raises(EvidenceError, match=r"20 studies .* of the test set have a stored picture that none"):
        set_up(staffed, design("large", n_cases=40))
    assert len(set_up(staffed, design("others", n_cases=40, readers=READERS[1:])).cases) == 40


def test_a_version_that_learned_from_the_cases_is_refused(staffed: PipelineServices) -> None:
    trained_on = in_split(staffed, Split.TRAIN)[0]
    with staffed.storage.work() as work:
        for tested in in_split(staffed, Split.TEST):
            work.studies.save(replace(tested, fingerprint=trained_on.fingerprint))
        work.commit()
    with pytest.raises(LeakError):
        set_up(staffed, design())


def test_a_design_that_cannot_be_run_is_refused_and_nothing_is_kept(staffed: PipelineServices) -> None:
    with pytest.raises(InputError, match="at least two cases"):
        set_up(staffed, design(n_cases=1))
    with pytest.raises(InputError, match="nobody here is named"):
        set_up(staffed, design(readers=(PersonKey("nobody"),)))
    with pytest.raises(NotFoundError):
        set_up(staffed, design(version=VersionKey("9")))
    with staffed.storage.look() as work:
        assert work.reader_studies.names() == []


def test_a_candidate_is_shown_to_no_reader_before_its_verdict(staffed: PipelineServices) -> None:
    with staffed.storage.work() as work:
        work.models.set_state("1", ModelState.CANDIDATE)
        work.commit()
    with pytest.raises(UntriedError, match="compare it first"):
        set_up(staffed, design())
    with staffed.storage.work() as work:
        test_set = work.datasets.test_set()
        assert test_set is not None
        question = Question(candidate=VersionKey("1"), production=None, by="tests", why="a verdict")
        take_look(work, test_set, question, policy=staffed.policy, now=staffed.now())
        work.commit()
    assert set_up(staffed, design()).model_version == "1"


def test_without_a_test_set_it_says_what_freezes_one(school: PipelineServices) -> None:
    with school.storage.work() as work:
        work.people.add(READERS[0], Role.READER, password=None, at=school.now())
        work.commit()
    with pytest.raises(NotFoundError, match="overread compare"):
        set_up(school, design(readers=READERS[:1]))
