"""A bundle is checked with nothing but itself, and tampering with any part of it is found."""

import hashlib
import io
import json
import shutil
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZipFile

import pytest

from bootstrap.bundles import CHAIN, HEADS, check_bundle, export_bundle
from bootstrap.heads import BrokenChainError, sign_head
from bootstrap.signing import Signed, SiteKey, new_key
from bootstrap.storage import Storage
from model_registry import audit_bundle
from model_registry.audit_bundle import MANIFEST, SIGNATURE, BundleError, canonical
from overread.domain.errors import NotFoundError
from overread.settings.environment import Settings
from overread.store.records import plain
from tests.builders import NOW
from tests.registries import STUDY, keep_registry

Files = dict[str, bytes]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(data_dir=tmp_path, site="south")
    settings.signing_key_path.write_bytes(new_key())
    return settings


@pytest.fixture
def bundle(storage: Storage, settings: Settings, tmp_path: Path) -> Path:
    """The bundle of a small registry whose chain's head was signed half-way."""
    with storage.look() as work:
        assert sign_head(work, settings.folder, settings.signing_key_path, now=NOW) is None  # no row yet
    keep_registry(storage)
    with storage.look() as work:
        sign_head(work, settings.folder, settings.signing_key_path, now=NOW)
    path = tmp_path / "bundle.zip"
    with path.open("wb") as out:
        export_bundle(storage, settings, out, now=NOW)
    return path


def unpacked(bundle: Path) -> Files:
    with ZipFile(bundle) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(files: Mapping[str, bytes], path: Path, *, compression: int = ZIP_DEFLATED) -> Path:
    with ZipFile(path, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def changed(content: bytes) -> bytes:
    """Return the content with its middle byte another one, still the same text encoding."""
    middle = next(at for at in range(len(content) // 2, len(content)) if content[at : at + 1].isalnum())
    return content[:middle] + (b"0" if content[middle : middle + 1] != b"0" else b"1") + content[middle + 1 :]


def signed_anew(files: Files, key: SiteKey) -> Files:
    """Sign a bundle's manifest with another key, as its own export would."""
    word = key.vouch(Signed.BUNDLE, files[MANIFEST])
    return files | {SIGNATURE: canonical({**plain(word), "fingerprint": key.fingerprint})}


def resigned(files: Files, settings: Settings, **facts: Any) -> Files:
    """Make a manifest of files as they are, signed by the site itself."""
    manifest = json.loads(files[MANIFEST]) | facts
    manifest["files"] = {
        name: hashlib.sha256(content).hexdigest()
        for name, content in files.items()
        if name not in {MANIFEST, SIGNATURE}
    }
    return signed_anew(files | {MANIFEST: canonical(manifest)}, SiteKey.read(settings.signing_key_path))


def test_a_bundle_holds_what_was_recorded_and_is_believed(bundle: Path, settings: Settings) -> None:
    files = unpacked(bundle)
    assert set(files) == {
        "cards/2.html",
        "chain.jsonl",
        "comparisons/1.json",
        "comparisons/2.json",
        "heads.jsonl",
        "manifest.json",
        "record.en.html",
        "record.json",
        "record.zh.html",
        "signature.json",
    }
    key = SiteKey.read(settings.signing_key_path)
    checked = check_bundle(bundle, key=key.fingerprint)
    assert (checked.site, checked.model, checked.files) == ("south", None, 8)
    assert checked.key == key.fingerprint
    assert check_bundle(bundle, key=key.public.upper()) == checked
    assert checked.chain.withheld == 1  # the study that came in
    assert [model["version"] for model in json.loads(files["record.json"])["models"]] == ["1", "2", "3"]


def test_a_bundle_names_no_study(bundle: Path) -> None:
    for name, content in unpacked(bundle).items():
        assert STUDY.encode() not in content, name


def test_the_same_state_gives_the_same_bytes(bundle: Path, storage: Storage, settings: Settings) -> None:
    again, later = io.BytesIO(), io.BytesIO()
    export_bundle(storage, settings, again, now=NOW)
    assert again.getvalue() == bundle.read_bytes()
    export_bundle(storage, settings, later, now=NOW + timedelta(days=1))
    assert later.getvalue() != bundle.read_bytes()


def test_one_version_alone(bundle: Path, storage: Storage, settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "one.zip"
    with path.open("wb") as out:
        export_bundle(storage, settings, out, model="2", now=NOW)
    assert check_bundle(path).model == "2"
    assert {name for name in unpacked(path) if "/" in name} == {"cards/2.html", "comparisons/2.json"}
    assert check_bundle(path).chain == check_bundle(bundle).chain
    with pytest.raises(NotFoundError, match="no model version 9"):
        export_bundle(storage, settings, io.BytesIO(), model="9", now=NOW)


def test_one_byte_of_any_file_is_found(bundle: Path, tmp_path: Path) -> None:
    files = unpacked(bundle)
    for name, content in files.items():
        tampered = packed(files | {name: changed(content)}, tmp_path / "tampered.zip")
        wrong = "signature" if name in {MANIFEST, SIGNATURE} else name
        with pytest.raises(BundleError, match=wrong):
            check_bundle(tampered)


def test_one_byte_of_the_archive_is_found_or_changes_nothing(bundle: Path, tmp_path: Path) -> None:
    whole, files = bundle.read_bytes(), unpacked(bundle)
    path = tmp_path / "tampered.zip"
    found = 0
    for at in range(0, len(whole), len(whole) // 60):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
        try:
            check_bundle(path)
        except BundleError:
            found += 1
        else:  # a time, or an attribute, of the archive's own
            assert unpacked(path) == files
    assert found > 40


@pytest.mark.parametrize("name", ["record.json", CHAIN, HEADS, MANIFEST, SIGNATURE])
def test_a_file_that_is_missing_or_was_added_is_named(bundle: Path, tmp_path: Path, name: str) -> None:
    files = unpacked(bundle)
    with pytest.raises(BundleError, match=f"{name} is missing"):
        check_bundle(packed({at: each for at, each in files.items() if at != name}, tmp_path / "less.zip"))
    with pytest.raises(BundleError, match=r"more\.txt is not in the manifest"):
        check_bundle(packed(files | {"more.txt": b"more"}, tmp_path / "more.zip"))


def test_another_key_is_found_by_whoever_knows_the_right_one(
    bundle: Path, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "other.key").write_bytes(new_key())
    other = SiteKey.read(tmp_path / "other.key")
    forged = packed(signed_anew(unpacked(bundle), other), tmp_path / "forged.zip")
    assert check_bundle(forged).key == other.fingerprint
    expected = SiteKey.read(settings.signing_key_path)
    for key in (expected.fingerprint, expected.public):
        with pytest.raises(
            BundleError, match=f"signed by the key {other.fingerprint}, not by the one expected"
        ):
            check_bundle(forged, key=key)


def _without_last_row(files: Files) -> Files:
    return files | {CHAIN: b"".join(files[CHAIN].splitlines(keepends=True)[:-1])}


def _with_other_row(files: Files) -> Files:
    return files | {CHAIN: files[CHAIN].replace(b'"by": "olga"', b'"by": "nobody"')}


def _without_hash(files: Files) -> Files:
    return files | {CHAIN: b'{"seq": 1}\n' + files[CHAIN]}


def _with_other_head(files: Files) -> Files:
    head = json.loads(files[HEADS]) | {"at": "2020-01-01T00:00:00+00:00"}
    return files | {HEADS: canonical(head).replace(b"\n", b"") + b"\n"}


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        (_without_last_row, "not the head that was signed"),
        (_with_other_row, "does not fit the one before it"),
        (_without_hash, "line 1 is not a row"),
        (_with_other_head, "a signature that is not of its row"),
    ],
)
def test_even_the_site_cannot_sign_a_chain_that_does_not_hold(
    bundle: Path, settings: Settings, tmp_path: Path, change: Callable[[Files], Files], wrong: str
) -> None:
    forged = packed(resigned(change(unpacked(bundle)), settings), tmp_path / "forged.zip")
    with pytest.raises(BundleError, match=wrong):
        check_bundle(forged)


def test_a_chain_cut_behind_a_signed_head_is_found(bundle: Path, settings: Settings, tmp_path: Path) -> None:
    files = _without_last_row(unpacked(bundle))
    last = json.loads(files[CHAIN].splitlines()[-1])
    forged = resigned(files, settings, head={"seq": last["seq"], "hash": last["hash"]})
    with pytest.raises(BundleError, match="behind the end of the chain"):
        check_bundle(packed(forged, tmp_path / "forged.zip"))


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("../outside", "not a name that a bundle has"),
        ("/etc/passwd", "not a name that a bundle has"),
        ("cards/../../outside", "not a name that a bundle has"),
        ("cards\\..\\outside", "not a name that a bundle has"),
    ],
)
def test_names_that_lead_outside_are_refused(bundle: Path, tmp_path: Path, name: str, wrong: str) -> None:
    with pytest.raises(BundleError, match=wrong):
        check_bundle(packed(unpacked(bundle) | {name: b"x"}, tmp_path / "hostile.zip"))


def test_what_no_export_writes_is_refused(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, path = unpacked(bundle), tmp_path / "hostile.zip"
    shutil.copy(bundle, path)
    with ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("record.json", b"{}")
    with pytest.raises(BundleError, match=r"record\.json is there twice"):
        check_bundle(path)
    with pytest.raises(BundleError, match="packed in a way"):
        check_bundle(packed(files, path, compression=ZIP_BZIP2))
    monkeypatch.setattr(audit_bundle, "MEMBER_BYTES", 1000)
    with pytest.raises(BundleError, match="is over"):
        check_bundle(bundle)
    monkeypatch.setattr(audit_bundle, "MEMBERS", 5)
    with pytest.raises(BundleError, match="more files than a bundle has"):
        check_bundle(bundle)
    for content in (b"", b"PK", b"no archive at all" * 10):
        path.write_bytes(content)
        with pytest.raises(BundleError, match="not an audit bundle"):
            check_bundle(path)


def test_a_broken_chain_is_not_handed_over(storage: Storage, settings: Settings) -> None:
    keep_registry(storage)
    with storage.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE audit SET \"by\" = 'nobody' WHERE seq = 2")
    with pytest.raises(BrokenChainError, match=r"row 2 .* nothing is handed over"):
        export_bundle(storage, settings, io.BytesIO(), now=NOW)
