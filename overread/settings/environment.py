"""The one class of settings: environment prefix `OVERREAD_`, optional `overread.toml`."""

import os
import re
from pathlib import Path
from tomllib import TOMLDecodeError
from typing import Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from overread.domain.errors import ConfigurationError
from overread.domain.own_calls import AnswerOrder

Language = Literal["zh", "en"]
_ADDRESS = r"^(https?://[^\s@]+)?$"  # none with a password in it: everybody who sees the page reads it
_ORIGIN = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:]+\])(:\d{1,5})?")  # as browsers write it


class Settings(BaseSettings):
    """What an installation can set; every default works on one machine."""

    model_config = SettingsConfigDict(
        env_prefix="OVERREAD_", toml_file="overread.toml", frozen=True, extra="forbid"
    )

    data_dir: Path = Field(
        default=Path("overread-data"), description="Everything the embedded default writes lies under it"
    )
    database_url: str = Field(
        default="", description="SQLAlchemy URL; empty: sqlite:///{DATA_DIR}/overread.db"
    )
    object_url: str = Field(default="", description="fsspec URL for pictures; empty: {DATA_DIR}/objects")
    mlflow_uri: str = Field(default="", description="MLflow; empty: sqlite:///{DATA_DIR}/mlflow.db")
    prefect_ui: str = Field(
        default="", pattern=_ADDRESS, description="Where people open Prefect; empty: pages do not link to it"
    )
    mlflow_ui: str = Field(
        default="", pattern=_ADDRESS, description="Where people open MLflow; empty: pages do not link to it"
    )
    device: str = Field(default="auto", pattern=r"^(auto|cpu|cuda(:\d+)?)$", description="Where models train")
    training_processes: int = Field(
        default=1, ge=1, description="Processes that share one training: GPUs of this machine, or CPU cores"
    )
    inference_threads: int = Field(
        default_factory=lambda: max(1, (os.cpu_count() or 2) - 1),
        ge=1,
        description="ONNX Runtime's threads, not spinning",
    )
    max_upload_mib: int = Field(default=256, ge=1, description="Larger bodies get 413, unread")
    max_waiting: int = Field(
        default=1000, ge=1, description="Studies not yet predicted before uploads get 503"
    )
    requests_per_minute: int = Field(default=6000, ge=1, description="For each token; beyond it 429")
    session_minutes: int = Field(default=720, ge=1, description="How long a page session lasts")
    secret_file: Path | None = Field(default=None, description="Signs cookies and cursors (mode 600)")
    signing_key_file: Path | None = Field(default=None, description="Ed25519 key of the site (mode 600)")
    site: str = Field(
        default="default", pattern=r"^[A-Za-z0-9_.-]{1,64}$", description="Hospital or department"
    )
    timezone: str = Field(default="", description="Of pages and reports; empty: the system's")
    language: Language = Field(default="zh", description="Of pages and reports until a person chooses")
    widget_origins: str = Field(
        default="",
        description="Origins whose pages may show the widget, with spaces between; empty: none",
    )
    ohif: Path | None = Field(
        default=None, description="Folder with the OHIF viewer that `overread ohif` put there; empty: none"
    )
    answer_shown: AnswerOrder = Field(
        default=AnswerOrder.FIRST, description="When readers see the model's answer: first, after-own-call"
    )
    task: str = Field(default="cxr-binary", pattern=r"^[a-z0-9-]{1,64}$", description="The question asked")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read arguments first, then the environment, then `overread.toml`."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        if name and name not in available_timezones():
            raise ValueError(f"there is no time zone {name!r}; write it like Asia/Shanghai")
        return name

    @field_validator("widget_origins")
    @classmethod
    def _whole_origins(cls, origins: str) -> str:
        for origin in origins.split():
            if _ORIGIN.fullmatch(origin) is None:
                raise ValueError(f"{origin} is not an origin; write it like https://ris.example:8443")
        return origins

    @property
    def embedders(self) -> tuple[str, ...]:
        """Origins whose pages may show the widget."""
        return tuple(self.widget_origins.split())

    @property
    def zone(self) -> ZoneInfo | None:
        """The site's time zone; None is the system's."""
        return ZoneInfo(self.timezone) if self.timezone else None

    @property
    def folder(self) -> Path:
        """The data folder, absolute."""
        return self.data_dir.absolute()

    @property
    def database(self) -> str:
        """URL of the database."""
        return self.database_url or f"sqlite:///{self.folder / 'overread.db'}"

    @property
    def objects(self) -> str:
        """URL of the object store."""
        return self.object_url or str(self.folder / "objects")

    @property
    def keeps_objects(self) -> bool:
        """Whether the objects lie on a disk of this machine."""
        return "://" not in self.objects or self.objects.startswith("file://")

    @property
    def caches(self) -> Path:
        """Where pictures lie at the sizes that networks see; they can be made again."""
        return self.folder / "cache"

    @property
    def mlflow(self) -> str:
        """Tracking and registry URI."""
        return self.mlflow_uri or f"sqlite:///{self.folder / 'mlflow.db'}"

    @property
    def keeps_mlflow(self) -> bool:
        """Whether what MLflow keeps lies in the data folder."""
        return not self.mlflow.startswith("http")

    @property
    def secret_path(self) -> Path:
        """Where the cookie secret lies."""
        return self.secret_file or self.folder / "secret"

    @property
    def signing_key_path(self) -> Path:
        """Where the site's private key lies."""
        return self.signing_key_file or self.folder / "signing.key"


def load_settings() -> Settings:
    """Read the settings; raise `ConfigurationError` that names the one at fault."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "_".join(str(part) for part in first["loc"]).upper()
        if first["type"] == "extra_forbidden":
            raise ConfigurationError(f"overread.toml: there is no setting {name.lower()}") from error
        raise ConfigurationError(f"OVERREAD_{name}: {first['msg'].removeprefix('Value error, ')}") from error
    except (TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"overread.toml cannot be read: {error}") from error
