"""What a JSON schema says of a sweep's parameters."""

from __future__ import annotations

from .kinds import Schema

PARAMETERS_SCHEMA: Schema = {"type": "object", "minProperties": 1}
