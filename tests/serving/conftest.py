"""One decoder and one initialised folder for all tests; each test works on a copy of its own."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response

from bootstrap.credentials import issue_token
from bootstrap.storage import Storage, initialise, open_storage
from bootstrap.web import web_services
from overread.domain.identifiers import PersonKey
from overread.domain.people import Role, Scope
from overread.imaging.decoding import Decoder
from overread.settings.environment import Settings
from serving.app import create_app
from tests.serving.builders import Clock, ClockedServices, keep_signing_key, put_in_production

PEOPLE = {
    "rita": Role.READER,
    "remy": Role.READER,
    "rosa": Role.READER,
    "sven": Role.SENIOR,
    "ruth": Role.REVIEWER,
    "rolf": Role.REVIEWER,
    "olga": Role.OPERATOR,
    "anna": Role.AUDITOR,
    "dora": Role.DEVICE,
    "dirk": Role.DEVICE,
}


@dataclass(frozen=True, kw_only=True)
class Site:
    """An initialised data folder and a token for each person."""

    folder: Path
    tokens: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class House:
    """A running app with everything a test reaches for."""

    app: FastAPI
    client: TestClient
    storage: Storage
    tokens: dict[str, str]
    clock: Clock
    task: str

    def ask(self, who: str, method: str, path: str, **more: Any) -> Response:
        """Send one request as a person."""
        headers = {"Authorization": f"Bearer {self.tokens[who]}"} | more.pop("headers", {})
        return self.client.request(method, path, headers=headers, follow_redirects=False, **more)

    def send(self, content: bytes, *, who: str = "dora", wait: int | None = 20) -> Response:
        """Send one DICOM object."""
        headers = {"Content-Type": "application/dicom"}
        if wait is not None:
            headers["Prefer"] = f"wait={wait}"
        return self.ask(who, "POST", "/api/v1/instances", content=content, headers=headers)


@pytest.fixture(scope="session")
def decoder() -> Iterator[Decoder]:
    with Decoder() as decoder:
        yield decoder


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Make the folder that every test copies."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("site"))
    keep_signing_key(settings.signing_key_path)
    initialise(settings, salt="0123")
    storage = open_storage(settings)
    now = datetime.now(UTC)
    tokens = {name: issue_token(storage, PersonKey(name), role, now=now) for name, role in PEOPLE.items()}
    for scope in Scope:
        role = {Scope.SEND: Role.DEVICE, Scope.VOUCH: Role.OPERATOR}.get(scope, Role.READER)
        tokens[f"only-{scope}"] = issue_token(storage, PersonKey(f"only-{scope}"), role, scope=scope, now=now)
    storage.engine.dispose()
    return Site(folder=settings.folder, tokens=tokens)


@pytest.fixture
def settings(site: Site, tmp_path: Path) -> Settings:
    """Settings of a fresh copy of the folder."""
    folder = tmp_path / "data"
    shutil.copytree(site.folder, folder)
    return Settings(data_dir=folder, inference_threads=1)


@pytest.fixture
def services(settings: Settings, decoder: Decoder) -> Iterator[ClockedServices]:
    """Wired services with a clock that the test moves."""
    made = web_services(settings, decoder)
    yield ClockedServices(**vars(made), clock=Clock())
    made.storage.engine.dispose()


@pytest.fixture
def house(services: ClockedServices, site: Site) -> Iterator[House]:
    """A running app without a production model."""
    app = create_app(services)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield House(
            app=app,
            client=client,
            storage=services.storage,
            tokens=site.tokens,
            clock=services.clock,
            task=services.task.name,
        )


@contextmanager
def another(house: House, services: ClockedServices, **changes: Any) -> Iterator[House]:
    """Give the same folder with changed settings, served without scoring."""
    settings = services.settings.model_copy(update=changes)
    app = create_app(ClockedServices(**(vars(services) | {"settings": settings})), scoring=False)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield replace(house, app=app, client=client)


@pytest.fixture
def served(house: House) -> House:
    """The running app with version 1 in production."""
    put_in_production(house.storage, house.task, "1")
    house.app.state.web.slot.follow()
    return house
