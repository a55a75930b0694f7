"""The report tells what audits, shadows and reader studies showed, and in a sentence where there is none."""

import json

from cli.demo.in_use import gathered, told
from cli.demo.report import templates
from feedback.reader_analysis import analyse
from overread.domain.findings import Label
from overread.domain.identifiers import PersonKey
from overread.domain.people import Role
from overread.domain.shadows import Ending, ShadowEnd
from overread.domain.tasks import Task
from overread.store.unit_of_work import UnitOfWork
from overread.wording.numbers import signed
from tests.builders import (
    NOW,
    a_crossover,
    a_label,
    a_model,
    a_shadow,
    a_shadow_answer,
    keep_predicted,
)
from tests.feedback.test_audits import auditing, drawn, reported
from tests.feedback.test_reader_analysis import FOUR, all_reads
from tests.monitoring.test_stop_rule import produce

CASES = range(1, 25)


def _page(work: UnitOfWork, task: Task) -> str:
    """Render the section as the report does, from what `summary.json` would hold."""
    kept = json.loads(json.dumps(gathered(work, task), allow_nan=False))
    return templates().get_template("_in_use.html.j2").render(in_use=told(kept))


def test_where_there_is_none_of_it_a_sentence_says_so(work: UnitOfWork, task: Task) -> None:
    page = _page(work, task)
    assert "No study has had its lot" in page
    assert "Nothing is in production, so nothing is watched." in page
    assert "No candidate ran beside production in this run" in page
    assert "No readers were compared without and with the model in this run" in page
    assert "<table>" not in page


def test_audits_are_told_in_words_until_one_is_read_and_then_with_limits(
    work: UnitOfWork, task: Task
) -> None:
    produce(work, task)
    for number in range(20):
        reported(work, number, called=Label.NO_FINDING if number < 10 else Label.HAS_FINDING)
    cases = drawn(work, auditing(task, 1.0))
    before = _page(work, task)
    assert "Not known yet: no audit of a study called no finding has been read." in before
    assert "<td>0 of 10</td><td>none was read</td>" in before
    for number, case in enumerate(cases):
        label = Label.NO_FINDING if number else Label.HAS_FINDING
        work.labels.add(a_label(number, study=case.study, case=case.id, label=label))
    after = _page(work, task)
    assert "<td>1</td><td>20</td><td>90.9 % [" in after  # ten found and one missed
    bound = "10.0 %, at most 39.4 % (95 %)"  # one of ten, by Clopper and Pearson
    assert f"<td>10 of 10</td><td>{bound}</td>" in after
    assert "from what chance alone chose: sensitivity 90.9 % [" in after
    assert "Stop rule, version 1: 1 missed findings in 10 audits." in after


def test_a_shadow_is_told_once_it_has_ended(work: UnitOfWork, task: Task) -> None:
    for version in ("1", "2"):
        work.models.add(a_model(version))
    shadow = a_shadow()
    work.shadows.add(shadow)
    for number, probability in ((1, 0.2), (2, 0.9)):
        keep_predicted(work, number, probability=0.9)
        work.shadows.add_answer(a_shadow_answer(number, probability=probability))
    running = _page(work, task)
    assert "Version 2 beside version 1: Running. 2 answered" in running
    assert "nobody is told more than its progress" in running
    assert "<th>Calls agree</th>" not in running
    work.shadows.add_end(
        shadow.id, ShadowEnd(at=NOW, by=PersonKey("olga"), how=Ending.STOPPED, reason="seen enough")
    )
    ended = _page(work, task)
    assert "<th>Calls agree</th><td>50.0 % [" in ended
    assert "<th>Truth known by now</th><td>0 of 2 studies</td>" in ended
    assert "<th>Sensitivity</th><td>not known: no study tells it yet</td>" in ended
    assert "no random sample" in ended


def test_a_reader_study_is_told_once_its_last_read_is_given(work: UnitOfWork, task: Task) -> None:
    work.models.add(a_model())
    for number in CASES:
        keep_predicted(work, number)
    for reader in FOUR:
        work.people.add(PersonKey(reader), Role.READER, password=None, at=NOW)
    study = a_crossover(CASES, FOUR)
    reads = all_reads(study)
    work.reader_studies.add(study)
    for read in reads[1:]:
        work.reader_studies.add_read(read)
    early = _page(work, task)
    counted = "pilot, aided by version 1: 4 readers, 24 cases, 12 with a finding."
    assert f"{counted} 191 of 192 reads are given; before the last nothing is told." in early
    assert "<table>" not in early
    work.reader_studies.add_read(reads[0])
    whole, expected = _page(work, task), analyse(study, reads).change["sensitivity"]
    assert f"{counted} All 192 reads are given." in whole
    assert f"<td>Sensitivity, these readers</td><td>{signed(expected.estimate, 3)} [" in whole
    assert "rita" not in whole
