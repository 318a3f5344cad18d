"""A sweep file, whatever its format, to a checked description."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..errors import InvalidSweep
from . import json_text, toml_text, yaml_text
from .interface import Document, Reader
from .mapping import from_mapping
from .sweep_config import SweepConfig

# A sweep file is written by hand; a larger one is something else, and would take more than a second to parse.
MOST_BYTES = 100_000
# Programs write JSON, which is parsed a hundred times as fast.
MOST_JSON_BYTES = 1_000_000


def load(path: Path) -> Document:
    """Read the data of a sweep file, unchecked, and where it says what.

    Raises:
        InvalidSweep: the file cannot be read, or is not of its format.
    """
    source = str(path)
    parse = _reader(path, source)
    document = parse(_text(path, source), source)
    if document.data is None:
        problem = "is empty; write at least method and parameters"
        raise InvalidSweep(problem, source=source)
    return document


def read(path: Path) -> SweepConfig:
    """Read a sweep file: .yaml, .yml, .json or .toml.

    Raises:
        InvalidSweep: at the first fault, with the file, the line where the format tells it, and the remedy.
    """
    document = load(path)
    return from_mapping(document.data, source=str(path), lines=document.lines)


_READERS: Mapping[str, Reader] = {
    ".yaml": yaml_text.parse,
    ".yml": yaml_text.parse,
    ".json": json_text.parse,
    ".toml": toml_text.parse,
}


def _reader(path: Path, source: str) -> Reader:
    if path.is_dir():
        problem = "is a folder; name the sweep file inside it"
        raise InvalidSweep(problem, source=source)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        ending = f"ends in {path.suffix}" if path.suffix else "has no ending"
        problem = f"{ending}; a sweep file ends in {', '.join(_READERS)}"
        raise InvalidSweep(problem, source=source)
    return reader


def _text(path: Path, source: str) -> str:
    most = MOST_JSON_BYTES if path.suffix.lower() == ".json" else MOST_BYTES
    content = _content(path, source, most + 1)
    if len(content) > most:
        problem = f"is larger than {most} bytes; a sweep file is a short description"
        raise InvalidSweep(problem, source=source)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        problem = "is not UTF-8 text; save it as UTF-8"
        line = content.count(b"\n", 0, fault.start) + 1
        raise InvalidSweep(problem, source=source, line=line) from fault


def _content(path: Path, source: str, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(most)
    except FileNotFoundError as fault:
        problem = "no such file"
        raise InvalidSweep(problem, source=source) from fault
    except OSError as fault:
        problem = f"cannot be read: {fault.strerror}"
        raise InvalidSweep(problem, source=source) from fault
