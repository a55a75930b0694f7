"""Reads `tasks/*.toml` into domain values."""

import tomllib
from datetime import time
from pathlib import Path
from typing import Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from overread.domain.datasets import Shares
from overread.domain.errors import ConfigurationError, InputError
from overread.domain.findings import Vocabulary, VocabularyRow
from overread.domain.identifiers import FindingCode
from overread.domain.lots import AuditPlan, StopRule
from overread.domain.retraining import Triggers
from overread.domain.tasks import Task

ROOT = Path(__file__).resolve().parents[2]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Finding(_Part):
    code: str
    zh: str
    en: str
    initials: str = Field(default="", pattern="^[a-z0-9]*$")
    codes: list[tuple[str, str, str]] = []
    slight: bool = False
    urgent: bool = False
    device: bool = False


class _Normal(_Part):
    sections: list[str]
    findings: list[str]
    impression: str

    @model_validator(mode="after")
    def _named(self) -> Self:
        if len(self.sections) != len(self.findings) + 1:
            raise ValueError("each sentence has a section of its own, and one more takes the rest")
        return self


class _Normals(_Part):
    zh: _Normal
    en: _Normal


class _Split(_Part):
    train: float
    tune: float


class _Stop(_Part):
    p0: float
    p1: float
    alpha: float
    beta: float
    threshold: float


class _Audit(_Part):
    cleared: float
    flagged: float
    stop: _Stop


class _Retraining(_Part):
    corrections: int
    drift: int
    date: int
    weekday: Weekday
    at: time


class _TaskFile(_Part):
    name: str
    title: dict[str, str]
    image_size: int = Field(ge=32, le=2048)
    policy: str
    vocabulary: str | None = None
    split: _Split
    audit: _Audit
    retraining: _Retraining
    normal: _Normals | None = None
    finding: list[_Finding] = []
    minimum_verdict_class: int = 100


def _read(path: Path) -> _TaskFile:
    try:
        return _TaskFile.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        known = ", ".join(sorted(found.stem for found in path.parent.glob("*.toml")))
        raise ConfigurationError(f"there is no task {path.stem!r}; known: {known}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"tasks/{path.name}: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise ConfigurationError(f"tasks/{path.name}: {field}: {first['msg']}") from error


def load_task(name: str, *, folder: Path = ROOT / "tasks") -> Task:
    """Return the task of `tasks/NAME.toml`; one may borrow vocabulary and report texts from another.

    Raises
    ------
    ConfigurationError
        The file is missing or says something it must not; the message names it.
    """
    file = _read(folder / f"{name}.toml")
    words = file if file.vocabulary is None else _read(folder / f"{file.vocabulary}.toml")
    try:
        return _task(file, words)
    except InputError as error:
        raise ConfigurationError(f"tasks/{name}.toml: {error}") from error


def _task(file: _TaskFile, words: _TaskFile) -> Task:
    if words.normal is None:
        raise InputError("normal: the report of a study with no finding is missing, in zh and en")
    rows = tuple(
        VocabularyRow(
            **finding.model_dump(exclude={"code", "codes"}),
            code=FindingCode(finding.code),
            codes=tuple(finding.codes),
        )
        for finding in words.finding
    )
    return Task(
        name=file.name,
        title=file.title,
        vocabulary=Vocabulary(rows=rows),
        shares=Shares(train=file.split.train, tune=file.split.tune),
        image_size=file.image_size,
        normal={
            "zh": (tuple(words.normal.zh.findings), words.normal.zh.impression),
            "en": (tuple(words.normal.en.findings), words.normal.en.impression),
        },
        sections={
            "zh": tuple(words.normal.zh.sections),
            "en": tuple(words.normal.en.sections),
        },
        policy=file.policy,
        audit=AuditPlan(
            cleared=file.audit.cleared,
            flagged=file.audit.flagged,
            stop=StopRule(**file.audit.stop.model_dump()),
        ),
        triggers=_triggers(file.retraining),
        minimum_verdict_class=file.minimum_verdict_class,
    )


def _triggers(file: _Retraining) -> Triggers:
    weekday = get_args(Weekday).index(file.weekday)
    return Triggers(**file.model_dump(exclude={"weekday"}), weekday=weekday)
