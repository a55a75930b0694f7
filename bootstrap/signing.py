"""The site's Ed25519 key and its word on packages, on heads of the chain and on audit bundles.

Whoever can write the database, or the store, but not read the key, can put no other package in production,
nor rewrite unseen what was recorded before a head was signed. Each kind is signed with words of its own.
`cryptography` is loaded where a signature is made or checked: a server starts without it.
"""

import hashlib
from dataclasses import replace
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Self

from overread.domain.audit import SYSTEM, AuditEvent
from overread.domain.errors import ConfigurationError, RuleError
from overread.domain.identifiers import Digest
from overread.domain.models import ModelVersion, Signature
from overread.store.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


class Signed(Enum):
    """What a signature is of, and of nothing else: the words that stand before what is signed."""

    PACKAGE = b"overread package "
    HEAD = b"overread chain head "
    BUNDLE = b"overread audit bundle "


class UnsignedError(RuleError):
    """A package that this site's key does not vouch for."""

    code = "unsigned"


def new_key() -> bytes:
    """Return a new private key as a PEM file."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


class SiteKey:
    """The private key, read from its file."""

    def __init__(self, key: "Ed25519PrivateKey") -> None:
        self._key = key

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return the key of a PEM file; raise `ConfigurationError` where it is none."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        try:
            key = load_pem_private_key(path.read_bytes(), password=None)
        except FileNotFoundError as error:
            raise ConfigurationError(f"there is no {path}; run `overread init`") from error
        except (OSError, ValueError, TypeError) as error:
            raise ConfigurationError(f"{path} cannot be read as a key: {error}") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise ConfigurationError(
                f"{path} is no Ed25519 key; restore it, or remove it and run `overread init`"
            )
        return cls(key)

    @property
    def public(self) -> str:
        """The public half, in hex."""
        return self._key.public_key().public_bytes_raw().hex()

    @property
    def fingerprint(self) -> str:
        """The first digits of the SHA-256 of the public half (SubjectPublicKeyInfo): people compare them."""
        return fingerprint_of(self.public)

    def sign(self, package: Digest) -> Signature:
        """Return the key's word on a package."""
        return self.vouch(Signed.PACKAGE, package.encode())

    def vouch(self, what: Signed, content: bytes) -> Signature:
        """Return the key's word on the content of a thing of this kind."""
        return Signature(public=self.public, value=self._key.sign(what.value + content).hex())


def fingerprint_of(public: str) -> str:
    """Return the fingerprint of a public half in hex; raise `ValueError` where it is none."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()[:16]


def vouched(signature: Signature, what: Signed, content: bytes) -> bool:
    """Say whether the key that a signature names has signed this content as a thing of this kind."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(signature.public))
        key.verify(bytes.fromhex(signature.value), what.value + content)
    except (InvalidSignature, ValueError):
        return False
    return True


def signed(work: UnitOfWork, model: ModelVersion, key: SiteKey) -> ModelVersion:
    """Keep the key's word on a version's package, and return the version with it; once signed it stays so."""
    if model.signature is not None:
        return model
    signature = key.sign(model.digest)
    work.models.set_signature(model.version, signature)
    return replace(model, signature=signature)


def sign_earlier(work: UnitOfWork, key: Path, *, now: datetime) -> list[ModelVersion]:
    """Sign, with the key of a file, what was registered before there were signatures, and record it."""
    unsigned = [model for model in work.models.all() if model.signature is None]
    if not unsigned:
        return []
    site = SiteKey.read(key)
    for model in unsigned:
        signed(work, model, site)
        work.audit.append(
            AuditEvent(
                at=now,
                by=SYSTEM,
                action="model-signed",
                subject=f"model:{model.version}",
                details={"digest": model.digest, "key": site.fingerprint},
            )
        )
    return unsigned


def require_signed(model: ModelVersion, public: str) -> None:
    """Raise `UnsignedError` unless the key with this public half (hex) vouches for a version's package."""
    signature = model.signature
    if signature is None or signature.public != public:
        raise UnsignedError(
            f"version {model.version} is not signed by this site's key; a data folder moves with its "
            "signing.key, and `overread init` signs what was registered before there were signatures"
        )
    if not vouched(signature, Signed.PACKAGE, model.digest.encode()):
        raise UnsignedError(f"the signature of version {model.version} is not of its package")
