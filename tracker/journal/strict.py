"""Records that a stranger sent, read strictly: of the types that they say, and nothing to trip over. Pure.

A client of ours checks what its users hand in; what comes over the network may be from anybody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

import orjson

from ..entities import DatasetRef, File, ModelStatus, RunStatus
from ..entities.records import (
    AddFiles,
    CreateModel,
    EndRun,
    FinishModel,
    LogMetrics,
    LogParams,
    LogPoints,
    MeasureModel,
    Record,
    SetTags,
    StartRun,
)
from ..errors import InvalidInput
from .codec import FIELDS, KINDS
from .plain import read
from .points import LAYOUT, MODEL_LAYOUT, Layout, ModelLayout

KEY_LENGTH = 250
# So deep may what a param holds be nested.
_DEPTH = 64
# IDs name folders.
_ID = re.compile(r"[\w.:-]{1,250}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_IDS = ("run_id", "model_id", "owner")
# Journals of old do not say which run these are of.
_OF_NO_RUN = (FinishModel, AddFiles)
_LAYOUT_FIELDS = (2, 3)


def decode_strictly(payload: bytes) -> Record | Layout:
    """Rebuild the record, or the layout, of a JSON payload.

    Raises:
        InvalidInput: it is none that could be stored.
    """
    try:
        told = orjson.loads(payload)
    except orjson.JSONDecodeError as problem:
        raise InvalidInput(f"it is no JSON: {problem}") from problem
    tag, *content = told
    if tag in (LAYOUT, MODEL_LAYOUT):
        return _layout(tag, content)
    if not isinstance(tag, str) or tag not in KINDS:
        raise InvalidInput(f"there is no record {str(tag)[:KEY_LENGTH]!r}")
    return _record(KINDS[tag], content)


def _layout(tag: str, content: list[Any]) -> Layout:
    if len(content) not in _LAYOUT_FIELDS:
        raise InvalidInput("a layout has a run and names of metrics")
    run_id, names, last = [*content, None][:3]
    keys = read(tuple[str, ...], names)
    _require_id(read(str, run_id))
    _require_names(keys)
    if not keys or len({*keys}) < len(keys):
        raise InvalidInput("a layout names each metric once")
    if tag == LAYOUT:
        return Layout(run_id, keys, once=read(bool, last or False))
    return ModelLayout(run_id, keys, None if last is None else read(DatasetRef, last))


def _record(kind: type[Any], content: list[Any]) -> Record:
    names = FIELDS[kind]
    if len(content) > len(names):
        raise InvalidInput(f"{kind.__name__} has {len(names)} fields, not {len(content)}")
    record: Record = read(kind, dict(zip(names, content, strict=False)))
    for name in _IDS:
        if name in names and (getattr(record, name) or not (name == "run_id" and kind in _OF_NO_RUN)):
            _require_id(getattr(record, name))
    _require_storable(record)
    return record


def _require_storable(record: Record) -> None:  # noqa: C901  # one for each kind
    match record:
        case StartRun(experiment=experiment):
            _require_names([experiment])
        case EndRun(status=status):
            _require_one_of(RunStatus, status)
        case FinishModel(status=status):
            _require_one_of(ModelStatus, status)
        case LogMetrics(values=values) | MeasureModel(values=values) | SetTags(values=values):
            _require_names(values)
        case LogPoints(points=points):
            _require_names(point.key for point in points)
            for point in points:
                _require_id(point.model_id or record.run_id)
        case LogParams(values=params) | CreateModel(params=params):
            _require_params(params)
        case AddFiles(files=files):
            for file in files:
                _require_file(file)
        case _:
            pass
    if isinstance(record, CreateModel):
        _require_names(record.tags)


def _require_one_of(known: type[RunStatus | ModelStatus], status: str) -> None:
    if status not in set(known):
        raise InvalidInput(f"{status[:KEY_LENGTH]!r} is not one of {', '.join(known)}")


def _require_id(text: str) -> None:
    if not _ID.fullmatch(text) or not text.strip("."):
        raise InvalidInput(f"{text[:KEY_LENGTH]!r} is no ID")


def _require_names(names: Iterable[str]) -> None:
    for name in names:
        if not name.strip() or len(name) > KEY_LENGTH or any(character < " " for character in name):
            raise InvalidInput(
                f"{name[:KEY_LENGTH]!r} is no name: it has 1 to {KEY_LENGTH} characters, none of control"
            )


def _require_params(params: Mapping[str, object]) -> None:
    _require_names(params)
    for value in params.values():
        _require_kept(value, _DEPTH)


def _require_kept(value: object, depth: int) -> None:
    if not depth:
        raise InvalidInput(f"a param is nested deeper than {_DEPTH} levels")
    if isinstance(value, str) and "\0" in value:
        raise InvalidInput("a param holds NUL")
    inner = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else ()
    for each in inner:
        _require_kept(each, depth - 1)


def _require_file(file: File) -> None:
    path = PurePosixPath(file.path)
    if path.is_absolute() or ".." in path.parts or not path.parts or str(path) != file.path:
        raise InvalidInput(f"{file.path[:KEY_LENGTH]!r} is not a path below its folder")
    if file.size < 0 or not _SHA256.fullmatch(file.sha256):
        raise InvalidInput(f"file {file.path[:KEY_LENGTH]!r}: it has a size and a SHA-256")
