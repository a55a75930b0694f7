"""Collections of images and labels on disk: every row or file becomes an item or a reject with its reason."""

import csv
import hashlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from overread.domain.errors import InputError, OverreadError
from overread.domain.findings import Label
from overread.domain.identifiers import FindingCode
from overread.imaging import reading
from overread.imaging.header_index import Header, header_of

FORMATS = ("folder", "nih", "dicom")
_LABELS = "labels.csv"
_COLUMNS = ("file", "patient_id", "label")
_NIH_LABELS = "*Data_Entry*.csv"
_NIH_COLUMNS = ("Image Index", "Finding Labels", "Patient ID")
_NIH_NONE = "No Finding"
_NIH_DIGITS = 8  # the table writes 1 for the patient whom its file names call 00000001
_OLDEST = 130
# ChestX-ray14 names that mean what our code means; Cardiomegaly, Fibrosis, Hernia and Pneumonia have no equal
# among the local codes: they make a study has_finding and stay in `other_findings`.
NIH_FINDINGS = {
    "Atelectasis": "atelectasis",
    "Consolidation": "consolidation",
    "Edema": "oedema",
    "Effusion": "effusion",
    "Emphysema": "emphysema",
    "Infiltration": "infiltrate",
    "Mass": "mass",
    "Nodule": "nodule",
    "Pleural_Thickening": "pleural_thickening",
    "Pneumothorax": "pneumothorax",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One image of a collection and what the collection says of it; `label` is None where it says nothing."""

    path: Path
    source: str
    patient_id: str
    label: Label | None = None
    findings: tuple[FindingCode, ...] = ()
    other_findings: tuple[str, ...] = ()
    view: str = ""
    sex: str = ""
    age: int | None = None
    row: int | None = None
    sha256: str = ""
    rows: int = 0
    columns: int = 0
    header: Header | None = None  # of a DICOM file

    def load(self) -> bytes:
        """Return the file's bytes; raise `InputError` when they are gone or not those promised."""
        try:
            data = self.path.read_bytes()
        except OSError as error:
            raise InputError(
                f"{self.path.name}: cannot be read ({error.strerror}); restore it and import again"
            ) from error
        if self.sha256 and hashlib.sha256(data).hexdigest() != self.sha256:
            raise InputError(
                f"{self.path.name}: its SHA-256 is not the one in the table; fetch the file again"
            )
        return data


@dataclass(frozen=True, kw_only=True, slots=True)
class Rejected:
    """One file or row that cannot be taken: which, and in one line why and what to do."""

    path: Path
    reason: str
    row: int | None = None

    def __str__(self) -> str:
        where = str(self.path) if self.row is None else f"{self.path} line {self.row}"
        return f"{where}: {self.reason}"


Outcome = Item | Rejected
_Row = dict[str, str]


def read_collection(path: Path, form: str = "auto") -> Iterator[Outcome]:
    """Yield one outcome for each image of a collection, in the order of its table or of its paths.

    Parameters
    ----------
    path
        A folder, a single DICOM file, or the CSV table itself.
    form
        "folder" (images beside labels.csv), "nih" (ChestX-ray14 naming), "dicom", or "auto" to look and see.

    Raises
    ------
    InputError
        No such path or format, or nothing here that looks like one; raised before the first item.
    """
    if not path.exists():
        raise InputError(f"{path}: no such file or folder")
    form = detect(path) if form == "auto" else form
    if form == "dicom":
        if path.is_dir() and next(_files(path), None) is None:
            raise InputError(f"{path}: there is no file in this folder")
        return _dicom(path)
    if form == "folder":
        return _table(_found(path, _LABELS, _COLUMNS), _folder_item)
    if form == "nih":
        table = _found(path, _NIH_LABELS, _NIH_COLUMNS)
        return _table(table, _NihRows(path if path.is_dir() else path.parent))
    raise InputError(f"format {form!r} is not one of auto, {', '.join(FORMATS)}")


def detect(path: Path) -> str:
    """Return the format of a collection; raise `InputError` saying what was looked for when it is none."""
    folder, name = (path, "") if path.is_dir() else (path.parent, path.name)
    if path.is_file() and path.suffix.lower() != ".csv":
        if _is_dicom(path):
            return "dicom"
        raise InputError(f"{path}: not a DICOM file; give a folder with {_LABELS} for PNG and JPEG images")
    if name == _LABELS or (not name and (folder / _LABELS).is_file()):
        return "folder"
    if "Data_Entry" in name or (not name and any(folder.glob(_NIH_LABELS))):
        return "nih"
    if not name and any(_is_dicom(each) for each in _files(folder)):
        return "dicom"
    raise InputError(f"{path}: found neither {_LABELS}, nor {_NIH_LABELS}, nor a DICOM file; name the format")


def _found(path: Path, pattern: str, columns: Sequence[str]) -> Path:
    """Return the table itself, or the first in the folder that fits; raise where it is no such table."""
    tables = [path] if path.is_file() else sorted(path.glob(pattern))
    if not tables:
        raise InputError(f"{path}: no {pattern} in this folder")
    with tables[0].open(encoding="utf-8-sig", errors="replace", newline="") as file:
        header = [name.strip() for name in next(csv.reader(file), [])]
        missing = [name for name in columns if name not in header]
        if missing:
            raise InputError(
                f"{tables[0]}: no column {', '.join(missing)} in its first line; name the columns "
                f"{', '.join(columns)}, and save it as comma-separated UTF-8"
            )
        if not any(line.strip() for line in file):
            raise InputError(f"{tables[0]}: no line under its columns")
    return tables[0]


def _dicom(path: Path) -> Iterator[Outcome]:
    """Yield an item for each radiograph by its header, a reject for each other file; pass hidden ones by."""
    for each in [path] if path.is_file() else _files(path):
        try:
            header = header_of(each)
        except (OverreadError, OSError) as error:
            yield Rejected(path=each, reason=str(error))
            continue
        yield Item(
            path=each,
            source="dicom",
            patient_id=header.patient_id,
            view=header.view,
            sex=header.sex,
            age=header.age,
            rows=header.rows,
            columns=header.columns,
            header=header,
        )


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder in the order of their paths, without hidden ones.

    A link to nothing is one of them, and so is a folder that nobody lets us look into: both are told.
    """
    try:
        with os.scandir(folder) as found:
            entries = sorted((each for each in found if not each.name.startswith(".")), key=_name)
    except PermissionError:
        yield folder
        return
    for each in entries:
        if each.is_dir(follow_symlinks=False):
            yield from _files(Path(each.path))
        elif each.is_file() or (each.is_symlink() and not Path(each.path).exists()):
            yield Path(each.path)


def _name(entry: "os.DirEntry[str]") -> str:
    return entry.name


def _is_dicom(path: Path) -> bool:
    """Look at the prefix only."""
    try:
        with path.open("rb") as file:
            return file.read(132)[128:] == b"DICM"
    except OSError:
        return False


def _table(table: Path, item_of: Callable[[Path, int, _Row], Item]) -> Iterator[Outcome]:
    """Yield an outcome for each line of a CSV table; a bad line costs only itself."""
    seen: set[Path] = set()
    for line, row in _rows(table):
        try:
            yield (
                _checked(item_of(table, line, row), seen)
                if isinstance(row, dict)
                else _rejected(table, line, row)
            )
        except InputError as error:
            yield _rejected(table, line, str(error))


def _checked(item: Item, seen: set[Path]) -> Item:
    """Return the item, once; raise `InputError` for a second line of one file, and for no image."""
    if item.path in seen:
        raise InputError(f"{item.path.name} stands in the table twice; remove one of the lines")
    columns, rows = _size_of(item.path)
    seen.add(item.path)
    return replace(item, rows=rows, columns=columns)


def _rejected(table: Path, line: int, reason: str) -> Rejected:
    return Rejected(path=table, row=line, reason=reason)


def _rows(table: Path) -> Iterator[tuple[int, _Row | str]]:
    """Yield (line, row), or (line, what is wrong with it)."""
    with table.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        reader = csv.reader(file)
        header = [name.strip() for name in next(reader, [])]
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield reader.line_num, f"not a CSV line ({error}); correct it and import again"
                continue
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) < len(header) or any(cells[len(header) :]):
                yield reader.line_num, f"{len(cells)} values under {len(header)} columns; correct the line"
                continue
            yield reader.line_num, {name: cell.strip() for name, cell in zip(header, cells, strict=False)}


def _folder_item(table: Path, line: int, row: _Row) -> Item:
    """Read one line of labels.csv."""
    names = [name for name in re.split(r"[;|]", row.get("findings", "")) if name.strip()]
    codes, others = _findings(names)
    label = _label(row)
    if label is Label.NO_FINDING and names:
        raise InputError("the label is no_finding but findings are named; correct one of them")
    return Item(
        path=_inside(table.parent, _needed(row, "file")),
        source=row.get("source") or table.parent.name,
        patient_id=_needed(row, "patient_id"),
        label=label,
        findings=codes,
        other_findings=others,
        view=_known(row.get("view", "")).upper(),
        sex=_known(row.get("sex", "")).upper(),
        age=_age(row.get("age", "")),
        row=line,
        sha256=row.get("sha256", "").lower(),
    )


class _NihRows:
    """Reads lines of Data_Entry_2017.csv; its images may lie in any folder below."""

    def __init__(self, root: Path) -> None:
        self._images = {
            each.name: each for each in _files(root) if each.suffix.lower() in {".png", ".jpg", ".jpeg"}
        }

    def __call__(self, table: Path, line: int, row: _Row) -> Item:
        name = _needed(row, "Image Index")
        if name not in self._images:
            raise InputError(
                f"{name} is in no folder below {table.parent.name}; fetch it, or remove the line"
            )
        names = [
            each for each in _needed(row, "Finding Labels").split("|") if each.strip() and each != _NIH_NONE
        ]
        codes, others = _findings(names)
        return Item(
            path=self._images[name],
            source="nih",
            patient_id=_needed(row, "Patient ID").zfill(_NIH_DIGITS),
            label=Label.HAS_FINDING if names else Label.NO_FINDING,
            findings=codes,
            other_findings=others,
            view=row.get("View Position", "").upper(),
            sex=(row.get("Patient Gender") or row.get("Patient Sex") or "").upper(),
            age=_age(row.get("Patient Age", "")),
            row=line,
        )


def _needed(row: _Row, column: str) -> str:
    if not row.get(column):
        raise InputError(f"no {column}; fill it in, or remove the line")
    return row[column]


def _known(text: str) -> str:
    return "" if text.lower() in {"unknown", "nan", "none"} else text


def _label(row: _Row) -> Label | None:
    """Return the label; a missing one is said to be missing, only `unknown` may leave it open."""
    stated = _needed(row, "label").lower()
    if stated == "unknown":
        return None
    try:
        return Label(stated)
    except ValueError:
        raise InputError(f"label {stated[:40]!r} is none of no_finding, has_finding, unknown") from None


def _findings(names: list[str]) -> tuple[tuple[FindingCode, ...], tuple[str, ...]]:
    """Return local codes, and the names that have none; a lower-case name is itself a local code."""
    codes: dict[FindingCode, None] = {}
    others: dict[str, None] = {}
    for name in (each.strip() for each in names):
        code = NIH_FINDINGS.get(name, name)
        if FindingCode.pattern.fullmatch(code):
            codes[FindingCode(code)] = None
        else:
            others[name] = None
    return tuple(codes), tuple(others)


def _age(text: str) -> int | None:
    """Return whole years from `58`, `58.0`, `058Y` or `011M`; None where the cell is empty."""
    if not _known(text):
        return None
    stated = re.fullmatch(r"(\d{1,3})(?:\.\d+)?([DWMY]?)", text.upper())
    years = None if stated is None else int(stated[1]) if stated[2] in {"", "Y"} else 0
    if years is None or years > _OLDEST:
        raise InputError(f"age {text[:20]!r} is not an age in years; correct it, or leave it empty")
    return years


def _inside(folder: Path, name: str) -> Path:
    """Return the path of a file below `folder`; refuse one that leads out of it, or to nothing."""
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise InputError(f"{name[:80]!r} leads out of the folder")
    if not path.is_file():
        raise InputError(f"{name[:80]!r} is not there; fetch it, or remove the line")
    return path


def _size_of(path: Path) -> tuple[int, int]:
    """Return (width, height) from an image's header alone, so that a listing stays fast."""
    try:
        with Image.open(path, formats=("PNG", "JPEG")) as picture:
            width, height = picture.size
    except Exception as error:  # Pillow raises a dozen unrelated types for a broken file
        raise InputError(f"{path.name} is not a readable PNG or JPEG image; replace it") from error
    if width * height > reading.MAX_PIXELS:
        raise InputError(f"{path.name} declares {width} x {height} pixels, more than any radiograph has")
    return width, height
