"""Loaded by schemathesis: puts IDs of what there is into most of what it makes up, so that handlers get to work."""

from __future__ import annotations

import json
import os
import zlib
from typing import Any

import schemathesis

# What there is, by the names that requests say it by.
KNOWN: dict[str, str] = json.loads(os.environ["KNOWN_IDS"])


def known(said: Any) -> Any:  # noqa: ANN401  # any JSON
    """Return what was made up, with known IDs in five cases of six; which ones depends on nothing but itself."""
    if not isinstance(said, dict) or zlib.crc32(repr(sorted(said.items(), key=str)).encode()) % 6 == 0:
        return said
    return {name: replaced(name, value) for name, value in said.items()}


def replaced(name: str, value: object) -> object:
    if name == "experiment_ids":
        return [KNOWN["experiment_id"]]
    if name == "run_ids":
        return [KNOWN["run_id"]]
    return KNOWN.get(name, value)


def map_body(context: object, body: Any) -> Any:  # noqa: ANN401  # any JSON
    del context
    return known(body)


def map_query(context: object, query: Any) -> Any:  # noqa: ANN401  # any parameters
    del context
    return known(query)


def map_path_parameters(context: object, path_parameters: Any) -> Any:  # noqa: ANN401  # any parameters
    del context
    return known(path_parameters)


for each in (map_body, map_query, map_path_parameters):
    schemathesis.hook(each)
