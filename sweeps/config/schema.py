"""The JSON schema of a sweep file, for editors; it is made from the keys that the parser reads by."""

from __future__ import annotations

from .keys import object_schema
from .mapping import KEYS
from .parameters_schema import DEFINITIONS


def json_schema() -> dict[str, object]:
    """Return the schema (JSON Schema, draft 2020-12) of a whole sweep file.

    It takes every file that is read without a fault. Of what it takes, some files are refused all the same, where
    two keys must fit each other or a text must mean something.
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Sweep",
        "description": "A hyperparameter sweep in W&B's format, and how it runs.",
        **object_schema(KEYS),
        "$defs": DEFINITIONS,
    }
