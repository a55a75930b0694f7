"""The site's key, its word on packages, and who is not believed."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bootstrap.signing import SiteKey, UnsignedError, new_key, require_signed, sign_earlier, signed
from overread.domain.errors import ConfigurationError
from overread.domain.models import Signature
from overread.store.unit_of_work import UnitOfWork
from tests.builders import a_digest, a_model


@pytest.fixture
def place(tmp_path: Path) -> Path:
    path = tmp_path / "site.key"
    path.write_bytes(new_key())
    return path


@pytest.fixture
def key(place: Path) -> SiteKey:
    return SiteKey.read(place)


def test_a_signed_version_is_believed_and_keeps_its_signature(work: UnitOfWork, key: SiteKey) -> None:
    work.models.add(a_model("1"))
    model = signed(work, work.models.get("1"), key)
    require_signed(model, key.public)
    assert work.models.get("1") == model
    assert signed(work, model, SiteKey(Ed25519PrivateKey.generate())) == model


def test_another_package_another_key_and_no_signature_are_not_believed(key: SiteKey) -> None:
    model = replace(a_model("1"), signature=key.sign(a_model("1").digest))
    with pytest.raises(UnsignedError, match="not of its package"):
        require_signed(replace(model, digest=a_digest("e")), key.public)
    with pytest.raises(UnsignedError, match=r"not signed by this site.*overread init"):
        require_signed(model, SiteKey(Ed25519PrivateKey.generate()).public)
    with pytest.raises(UnsignedError, match="not signed by this site"):
        require_signed(a_model("1"), key.public)
    with pytest.raises(UnsignedError, match="not of its package"):
        require_signed(replace(model, signature=Signature(public=key.public, value="no hex")), key.public)


def test_what_was_registered_before_signatures_is_signed_once_and_it_is_recorded(
    work: UnitOfWork, place: Path, key: SiteKey, now: datetime
) -> None:
    assert sign_earlier(work, place, now=now) == []
    for version in ("1", "2"):
        work.models.add(a_model(version))
    assert [model.version for model in sign_earlier(work, place, now=now)] == ["1", "2"]
    assert sign_earlier(work, place, now=now) == []
    for model in work.models.all():
        require_signed(model, key.public)
    said = [row.event for row in work.audit.rows() if row.event.action == "model-signed"]
    assert [event.subject for event in said] == ["model:1", "model:2"]
    assert {event.details["key"] for event in said} == {key.fingerprint}


def test_a_file_that_is_no_ed25519_key_is_named_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "signing.key"
    with pytest.raises(ConfigurationError, match="run `overread init`"):
        SiteKey.read(path)
    path.write_bytes(b"not a key")
    with pytest.raises(ConfigurationError, match=f"{path} cannot be read as a key"):
        SiteKey.read(path)
    other = generate_private_key(public_exponent=65537, key_size=2048)
    path.write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(ConfigurationError, match="no Ed25519 key"):
        SiteKey.read(path)
