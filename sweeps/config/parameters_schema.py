"""What a JSON schema says of a sweep's parameters: the forms that the space knows, each with its own keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..space.forms import FORMS
from .kinds import NUMBER, Schema, number

_PARAMETERS: Schema = {"$ref": "#/$defs/parameters"}
_ANY = number().schema
_POSITIVE = number(above=0).schema
_WHOLE: Schema = {"type": ["integer", "string"], "pattern": f"^{NUMBER}$"}

_KEYS: Mapping[str, tuple[Schema, str]] = {
    "distribution": ({"enum": list(FORMS)}, "How the values are drawn (default: as the other keys say)."),
    "value": ({}, "The same value in every trial."),
    "values": ({"type": "array", "minItems": 1}, "A list of which each trial gets one."),
    "probabilities": (
        {"type": "array", "minItems": 1, "items": number(least=0).schema},
        "How likely each of the values is; they sum to 1.",
    ),
    "min": (_ANY, "The lower bound. Of two whole numbers each trial gets a whole number between them."),
    "max": (_ANY, "The upper bound."),
    "q": (_POSITIVE, "The step: what is drawn is rounded to its multiples (default: 1)."),
    "mu": (_ANY, "The mean, of the logarithm for log_normal (default: 0)."),
    "sigma": (_POSITIVE, "The standard deviation, of the logarithm for log_normal (default: 1)."),
    "a": (_POSITIVE, "The first shape of the beta distribution (default: 1)."),
    "b": (_POSITIVE, "The second shape of the beta distribution (default: 1)."),
    "parameters": (_PARAMETERS, "Parameters inside this one; a trial gets them as a mapping."),
}
# What a distribution asks of a key beyond what all do.
_NARROWER: Mapping[str, Mapping[str, Schema]] = {
    "int_uniform": {"min": _WHOLE, "max": _WHOLE},
    "log_uniform_values": {"min": _POSITIVE},
    "inv_log_uniform_values": {"min": _POSITIVE},
    "q_log_uniform_values": {"min": _POSITIVE},
}


def _only(needed: Iterable[str], more: Iterable[str] = ()) -> Schema:
    """Return the schema of a mapping with these keys and, if need be, some more."""
    return {"required": list(needed), "propertyNames": {"enum": [*needed, *more]}}


def _form(name: str) -> Schema:
    form = FORMS[name]
    keys = _only(("distribution", *form.needed), form.optional)
    return {
        "if": {"properties": {"distribution": {"const": name}}, "required": ["distribution"]},
        "then": {**keys, "properties": dict(_NARROWER.get(name, {}))},
    }


_UNNAMED = [_only(["value"]), _only(["values"], ["probabilities"]), _only(["min", "max"]), _only(["parameters"])]

_PARAMETER: Schema = {
    "type": "object",
    "properties": {key: {"description": text, **schema} for key, (schema, text) in _KEYS.items()},
    "additionalProperties": False,
    "allOf": [
        *(_form(name) for name in FORMS),
        {"if": {"not": {"required": ["distribution"]}}, "then": {"anyOf": _UNNAMED}},
    ],
}

PARAMETERS_SCHEMA = _PARAMETERS
DEFINITIONS: Mapping[str, Schema] = {
    "parameters": {
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_.-]*$"},
        "additionalProperties": {"$ref": "#/$defs/parameter"},
    },
    "parameter": _PARAMETER,
}
