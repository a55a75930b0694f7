"""A collection comes in: one outcome for each image, nothing dropped, nothing done twice."""

import csv
import io
from collections import Counter
from pathlib import Path

import pytest
from pydicom import dcmread
from typer.testing import CliRunner

from cli.main import app
from feedback.datasets import Recipe, load
from overread.domain.datasets import Split, pseudonym, split_of
from overread.domain.errors import InputError
from overread.domain.findings import Label
from overread.domain.identifiers import Digest
from overread.domain.studies import StudyState
from overread.imaging.rendering import picture
from overread.simulation.broken import with_broken_pixels
from overread.simulation.pictures import draw, rendered
from overread.simulation.studies import to_dicom
from overread.store.objects import Objects
from overread.studies.intake import SCREEN
from overread.studies.screening import PREDICT
from pipeline.importing import Line, import_collection
from pipeline.retraining import build_dataset
from pipeline.services import PipelineServices
from tests.overread.imaging.builders import a_radiograph, as_bytes
from tests.pipeline.departments import (
    SALT,
    SIDE,
    as_file,
    counted,
    in_split,
    phantoms,
    row_of,
    stored,
    write_collection,
    write_labels,
)


def taken(services: PipelineServices, path: Path, form: str = "auto") -> list[Line]:
    lines: list[Line] = []
    counts = import_collection(services, path, form, on_line=lines.append)
    assert counts == Counter(line.outcome for line in lines)
    return lines


def ruled(line: Line) -> tuple[str, str]:
    return line.outcome, " ".join(rule.code for rule in line.rules)


def outcomes(lines: list[Line]) -> dict[str, str]:
    return {Path(line.path).name: line.outcome for line in lines}


def test_every_image_becomes_a_labelled_study(department: PipelineServices, collection: Path) -> None:
    with department.storage.look() as work:
        studies, labels = work.studies.all(), work.labels.by_study()
    assert len(studies) == len(list(collection.glob("*.png")))
    assert set(labels) == {study.uid for study in studies}
    assert {study.state for study in studies} <= {StudyState.REPORTED, StudyState.EXCLUDED}
    assert sum(study.cohort for study in studies) > 0.9 * len(studies)


def test_no_patient_is_in_two_splits_and_every_split_has_both_classes(department: PipelineServices) -> None:
    patients = {split: {study.patient for study in in_split(department, split)} for split in Split}
    assert sum(map(len, patients.values())) == len(set().union(*patients.values()))
    with department.storage.look() as work:
        labels = work.labels.by_study()
    for split in Split:
        assert len({labels[study.uid][0].label for study in in_split(department, split)}) == 2


def test_imported_again_nothing_changes(department: PipelineServices, collection: Path) -> None:
    before = counted(department)
    assert {line.outcome for line in taken(department, collection)} == {"known"}
    assert counted(department) == before


def test_a_dry_run_says_what_would_come_in_and_keeps_nothing(empty: PipelineServices, files: Path) -> None:
    write_collection(files / "in", phantoms(4))
    before = counted(empty)
    counts = import_collection(empty, files / "in", "folder", dry_run=True)
    assert sum(counts.values()) == 4
    assert counts["included"] > 0
    assert counted(empty) == before


def test_a_bad_line_costs_only_itself(empty: PipelineServices, files: Path) -> None:
    chosen = phantoms(5)
    write_collection(files, chosen)
    rows = [row_of(study, f"{number:03}.png") for number, study in enumerate(chosen)]
    rows[1]["label"] = ""
    rows[2]["age"] = "old"
    (files / "003.png").write_bytes(b"not a picture")
    write_labels(files, rows)
    lines = taken(empty, files)
    assert [line.outcome for line in lines] == ["included", "rejected", "rejected", "rejected", "included"]
    said = " | ".join(line.reason for line in lines)
    for words in ("line 3: no label", "line 4: age 'old'", "003.png is not a readable PNG or JPEG"):
        assert words in said


def test_one_file_name_in_two_folders_is_two_studies(empty: PipelineServices, files: Path) -> None:
    for name, study in zip(("first", "second"), phantoms(2), strict=True):
        write_collection(files / name / "images", [study])
        (line,) = taken(empty, files / name / "images")
        assert line.outcome == "included"
    with empty.storage.look() as work:
        assert [len(found) for found in work.labels.by_study().values()] == [1, 1]


def test_the_same_picture_under_another_label_or_patient_is_said_to_differ(
    empty: PipelineServices, files: Path
) -> None:
    (study,) = phantoms(1)
    write_collection(files, [study])
    taken(empty, files)
    row = row_of(study, "000.png")
    other = next(label.value for label in Label if label is not study.label)
    for change, words in (
        ({"patient_id": "another"}, "of another patient"),
        ({"label": other}, "known with"),
    ):
        write_labels(files, [row | {"findings": ""} | change])
        (line,) = taken(empty, files)
        assert line.outcome == "known"
        assert words in line.reason


def test_an_age_nobody_states_keeps_a_study_from_the_cohort_until_the_collection_declares_it(
    empty: PipelineServices, files: Path
) -> None:
    chosen = phantoms(2)
    write_collection(files, chosen)
    rows = [row_of(study, f"{number:03}.png") for number, study in enumerate(chosen)]
    write_labels(files, [row | {"age": ""} for row in rows])
    assert {ruled(line) for line in taken(empty, files)} == {("excluded", "R05_AGE")}
    for _ in range(2):
        counts = import_collection(empty, files, "folder", declared=["R05"])
        assert counts == {"known": 2}
    with empty.storage.look() as work:
        assert all(study.cohort for study in work.studies.all())
        declared = [row.event.details for row in work.audit.rows() if row.event.action == "rules-declared"]
    assert declared == [{"rules": ["R05"], "cohort": True}] * 2
    with pytest.raises(InputError, match="cannot declare R09"):
        import_collection(empty, files, "folder", declared=["R09"])


def test_a_stated_child_stays_out_whatever_is_declared(empty: PipelineServices, files: Path) -> None:
    (study,) = phantoms(1)
    write_collection(files, [study])
    write_labels(files, [row_of(study, "000.png") | {"age": "4"}])
    import_collection(empty, files, "folder", declared=["R05"])
    with empty.storage.look() as work:
        (kept,) = work.studies.all()
    assert (kept.state, kept.cohort) == (StudyState.EXCLUDED, False)


def test_what_was_read_before_does_not_stand_in_the_queue_of_those_who_wait(
    empty: PipelineServices, files: Path
) -> None:
    chosen = phantoms(2)
    write_collection(files, chosen)
    rows = [row_of(study, f"{number:03}.png") for number, study in enumerate(chosen)]
    write_labels(files, [rows[0], rows[1] | {"label": "unknown", "findings": ""}])
    taken(empty, files)
    with empty.storage.look() as work:
        assert (work.outbox.waiting(SCREEN), work.outbox.waiting(PREDICT)) == (0, 1)


def test_an_imported_picture_knows_its_size(empty: PipelineServices, files: Path) -> None:
    write_collection(files, phantoms(1))
    taken(empty, files)
    with empty.storage.look() as work:
        (study,) = work.studies.all()
    assert (study.acquisition.rows, study.acquisition.columns) == (SIDE, SIDE)


def test_bytes_that_are_removed_with_a_twin_while_they_come_in_are_stored_again(
    empty: PipelineServices, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put, removed = Objects.put, list[Digest]()

    def put_and_lose(objects: Objects, content: bytes, *, digest: Digest | None = None) -> Digest:
        digest = put(objects, content, digest=digest)
        if digest not in removed:
            objects.remove(digest)
            removed.append(digest)
        return digest

    write_collection(files, phantoms(1))
    monkeypatch.setattr(Objects, "put", put_and_lose)
    (line,) = taken(empty, files)
    assert line.outcome == "included"
    assert [empty.storage.objects.has(digest) for digest in removed] == [True]


def test_a_picture_that_cannot_be_decoded_is_quarantined_with_its_bytes(
    empty: PipelineServices, files: Path
) -> None:
    (study,) = phantoms(1)
    content = as_file(rendered(study, SIDE, drawn_at=SIDE))
    (files / "cut.png").write_bytes(content[: len(content) // 2])
    write_labels(files, [row_of(study, "cut.png")])
    (line,) = taken(empty, files)
    assert line.outcome == "quarantined"
    assert "cut.png" in line.reason
    with empty.storage.look() as work:
        (kept,) = work.studies.all()
        (label,) = work.labels.of_study(kept.uid)  # for the day when a person releases it
    assert (kept.state, kept.cohort, label.label) == (StudyState.QUARANTINED, False, study.label)
    assert stored(empty, kept.uid) == (files / "cut.png").read_bytes()
    assert outcomes(taken(empty, files)) == {"cut.png": "known"}


def test_a_child_is_excluded_with_the_rule_that_says_so(empty: PipelineServices, files: Path) -> None:
    (study,) = phantoms(1)
    write_collection(files, [study])
    write_labels(files, [row_of(study, "000.png") | {"age": "4"}])
    (line,) = taken(empty, files)
    assert line.outcome == "excluded"
    assert line.reason.startswith("R05")
    (again,) = taken(empty, files)
    assert (again.outcome, again.reason) == ("known", line.reason)


def test_nih_naming_is_read_from_its_own_table(empty: PipelineServices, files: Path) -> None:
    images = files / "images_001" / "images"
    images.mkdir(parents=True)
    chosen = phantoms(3)
    write_collection(files / "drawn", chosen)
    table = "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position\n"
    for number, finding in enumerate(("No Finding", "Effusion|Hernia", "Cardiomegaly")):
        name = f"0000000{number}_000.png"
        (files / "drawn" / f"{number:03}.png").rename(images / name)
        table += f"{name},{finding},0,{number},58,F,PA\n"
    (files / "Data_Entry_2017.csv").write_text(table + "00000009_000.png,No Finding,0,9,40,M,PA\n")
    lines = taken(empty, files)
    assert [line.outcome for line in lines] == ["included", "included", "included", "rejected"]
    assert "is in no folder below" in lines[-1].reason
    with empty.storage.look() as work:
        labels = [label for (label,) in work.labels.by_study().values()]
    found = {(label.label.value, tuple(f.code for f in label.findings), label.complete) for label in labels}
    assert found == {
        ("no_finding", (), True),
        ("has_finding", ("effusion",), False),
        ("has_finding", (), False),
    }
    with empty.storage.look() as work:
        numbers = {work.studies.patient(study.patient).id for study in work.studies.all()}
    assert numbers == {"00000000", "00000001", "00000002"}  # as the file names, and other tables, write them


def test_dicom_files_come_in_with_a_typed_outcome_each(empty: PipelineServices, files: Path) -> None:
    good, other = phantoms(2)
    content = to_dicom(good, draw(good, 128))
    (files / "good.dcm").write_bytes(content)
    broken = with_broken_pixels(to_dicom(other, draw(other, 128)), study_uid="1.2.3.4.5")
    (files / "broken.dcm").write_bytes(broken)
    (files / "cut.dcm").write_bytes(content[: len(content) // 2])
    (files / "notes.txt").write_text("not DICOM")
    assert outcomes(taken(empty, files)) == {
        "good.dcm": "included",
        "broken.dcm": "quarantined",
        "cut.dcm": "rejected",
        "notes.txt": "rejected",
    }
    with empty.storage.look() as work:
        study = work.studies.get(good.study_uid)
    assert study.state is StudyState.SCREENED  # without a label it waits for the model


def test_a_capture_without_pixels_is_no_picture(empty: PipelineServices, files: Path) -> None:
    capture = a_radiograph(SOPClassUID="1.2.840.10008.5.1.4.1.1.7", PixelData=None)
    (files / "one.dcm").write_bytes(as_bytes(capture))
    (line,) = taken(empty, files)
    assert line.outcome == "rejected"
    assert "holds no picture" in line.reason


def test_one_uid_with_other_bytes_is_refused(empty: PipelineServices, files: Path) -> None:
    (study,) = phantoms(1)
    (files / "one.dcm").write_bytes(to_dicom(study, draw(study, 128)))
    taken(empty, files)
    (files / "one.dcm").write_bytes(to_dicom(study, draw(study.without_findings(), 132)))
    (line,) = taken(empty, files)
    assert line.outcome == "rejected"
    assert "other bytes" in line.reason


def test_a_dry_run_foresees_second_images_and_other_bytes(empty: PipelineServices, files: Path) -> None:
    (study,) = phantoms(1)
    content = to_dicom(study, draw(study, 128))
    uid = str(dcmread(io.BytesIO(content)).SOPInstanceUID)
    second = content.replace(uid.encode(), (uid[:-2] + ("11" if uid[-2:] != "11" else "12")).encode())
    (files / "1.dcm").write_bytes(content)
    (files / "2.dcm").write_bytes(content)
    (files / "3.dcm").write_bytes(to_dicom(study, draw(study.without_findings(), 132)))
    (files / "4.dcm").write_bytes(second)
    lines: list[Line] = []
    import_collection(empty, files, "dicom", dry_run=True, on_line=lines.append)
    foreseen = [ruled(line) for line in lines]
    assert foreseen == [("included", ""), ("known", ""), ("rejected", ""), ("excluded", "R06_IMAGE_COUNT")]
    assert [ruled(line) for line in taken(empty, files)] == foreseen


def test_an_import_that_was_stopped_goes_on_where_it_was(empty: PipelineServices, files: Path) -> None:
    write_collection(files, phantoms(6))

    def stop_at_the_third(line: Line) -> None:
        if line.path.endswith("002.png"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_collection(empty, files, "folder", on_line=stop_at_the_third)
    counts = import_collection(empty, files, "folder")
    assert counts["known"] == 3
    assert sum(counts.values()) == 6


def test_there_is_one_clear_error_where_nothing_can_be_imported(empty: PipelineServices, files: Path) -> None:
    with pytest.raises(InputError, match="no such file or folder"):
        import_collection(empty, files / "nowhere", "auto")


def test_a_look_alike_of_a_held_out_picture_never_trains_and_is_named(
    department: PipelineServices, files: Path
) -> None:
    tested = in_split(department, Split.TEST)[0]
    shown = picture(stored(department, tested.uid))
    margin = shown.shape[0] // 50
    trimmed = shown[margin:-margin, margin:-margin]
    (files / "copy.jpg").write_bytes(as_file(trimmed, "JPEG", quality=85))
    row = row_of(phantoms(1)[0], "copy.jpg") | {"patient_id": _a_training_patient(department)}
    write_labels(files, [row])
    (line,) = taken(department, files)
    assert line.outcome == "included"

    version = build_dataset(department, Recipe(), by="tests")
    with department.storage.look() as work:
        dataset = work.datasets.get(version)
        (built,) = (row.event for row in work.audit.rows() if row.event.subject == f"dataset:{version}")
    left_out = built.details["left_out"]
    assert isinstance(left_out, list)
    (copy,) = (pair["study"] for pair in left_out if pair["because_of"] == tested.uid)
    rows = {row.study for row in load(department.storage.objects, dataset.digest)}
    assert copy not in rows


def _a_training_patient(services: PipelineServices) -> str:
    """Return a new hospital number whose hash falls into the training split."""
    shares, site = services.task.shares, services.settings.site
    numbers = (f"copy-{number}" for number in range(100))
    keys = ((name, pseudonym(name, issuer=site, salt=SALT)) for name in numbers)
    return next(name for name, key in keys if split_of(key, salt=SALT, shares=shares) is Split.TRAIN)


def test_the_table_of_exclusions_names_each_image_and_stays_the_same(
    empty: PipelineServices, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = phantoms(3)
    write_collection(files / "in", chosen)
    rows = [row_of(study, f"{number:03}.png") for number, study in enumerate(chosen)]
    rows[1]["age"] = "4"
    rows[2]["label"] = "perhaps"
    write_labels(files / "in", rows)
    monkeypatch.setenv("OVERREAD_DATA_DIR", str(empty.settings.folder))
    tables = []
    for _ in range(2):
        ran = CliRunner().invoke(
            app, ["import", str(files / "in"), "--exclusions", str(tmp_path / "out.csv")]
        )
        assert ran.exit_code == 0, ran.output
        with (tmp_path / "out.csv").open(newline="") as file:
            tables.append([(Path(row["path"]).name, row["reason"]) for row in csv.DictReader(file)])
    assert tables[0] == tables[1]
    assert [name for name, _ in tables[0]] == ["001.png", "labels.csv"]


def test_the_command_says_which_rules_exclude_and_fails_only_where_nothing_was_taken(
    empty: PipelineServices, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OVERREAD_DATA_DIR", str(empty.settings.folder))
    (study,) = phantoms(1)
    write_collection(files, [study])
    write_labels(files, [row_of(study, "000.png") | {"age": "4"}, row_of(study, "absent.png")])
    ran = CliRunner().invoke(app, ["import", str(files)])
    assert ran.exit_code == 0, ran.output
    assert "excluded by: R05_AGE 1" in ran.stderr
    assert "--declare" not in ran.stderr
    write_labels(files, [row_of(study, f"absent-{number}.png") for number in range(12)])
    ran = CliRunner().invoke(app, ["import", str(files)])
    assert "... and 2 more in" in ran.stderr
    assert "nothing in" in str(ran.exception)
