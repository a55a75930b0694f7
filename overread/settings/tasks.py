"""Reads `tasks/*.toml` into domain values."""

import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from overread.domain.datasets import Shares
from overread.domain.errors import ConfigurationError
from overread.domain.findings import Vocabulary, VocabularyRow
from overread.domain.identifiers import FindingCode
from overread.domain.tasks import Task

ROOT = Path(__file__).resolve().parents[2]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Finding(_Part):
    code: str
    zh: str
    en: str
    codes: list[tuple[str, str, str]] = []
    slight: bool = False
    urgent: bool = False
    device: bool = False


class _Normal(_Part):
    findings: list[str]
    impression: str


class _Split(_Part):
    train: float
    tune: float


class _TaskFile(_Part):
    name: str
    title: dict[str, str]
    image_size: int = Field(ge=32, le=2048)
    policy: str
    vocabulary: str | None = None
    split: _Split
    normal: dict[str, _Normal] = {}
    finding: list[_Finding] = []
    minimum_verdict_class: int = 100


def _read(path: Path) -> _TaskFile:
    try:
        return _TaskFile.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        known = ", ".join(sorted(found.stem for found in path.parent.glob("*.toml")))
        raise ConfigurationError(f"there is no task {path.stem!r}; known: {known}") from error
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise ConfigurationError(f"tasks/{path.name}: {str(error).splitlines()[0]}") from error


def load_task(name: str, *, folder: Path = ROOT / "tasks") -> Task:
    """Return the task of `tasks/NAME.toml`; one may borrow vocabulary and report texts from another.

    Raises
    ------
    ConfigurationError
        The file is missing or says something it must not; the message names it.
    """
    file = _read(folder / f"{name}.toml")
    words = file if file.vocabulary is None else _read(folder / f"{file.vocabulary}.toml")
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
        normal={language: (tuple(text.findings), text.impression) for language, text in words.normal.items()},
        policy=file.policy,
        minimum_verdict_class=file.minimum_verdict_class,
    )
