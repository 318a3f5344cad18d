"""What a trial's program is told by its environment: by our names, and by those of W&B."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping

from ..trial import Assignment

_encode = json.JSONEncoder(ensure_ascii=False, default=str).encode
# What YAML's readers refuse in the raw, and JSON's writer leaves so.
_UNPRINTABLE = re.compile("[\\x7f-\\x9f\\u2028\\u2029\\ud800-\\udfff\\ufffe\\uffff]")


def script_variables(assignment: Assignment) -> dict[str, str]:
    """Return the variables that tell a program of its attempt."""
    variables = {
        "TRACKER_STORE": assignment.store,
        "TRACKER_RUN_ID": assignment.run_id,
        "TRACKER_EXPERIMENT": assignment.experiment,
        "TRACKER_RUN_TOKEN": str(assignment.attempt),
        "SWEEPS_TRIAL": str(assignment.number),
        "SWEEPS_TRIAL_SEED": str(assignment.seed),
        "WANDB_RUN_ID": assignment.run_id,
    }
    if assignment.sweep_id:
        variables["WANDB_SWEEP_ID"] = assignment.sweep_id
    if assignment.resume_from is not None:
        variables["SWEEPS_RESUME_FROM"] = assignment.resume_from
    return variables


def params_for_wandb(params: Mapping[str, object]) -> str:
    """Return the YAML by which W&B's agent hands its library a trial's params (`WANDB_SWEEP_PARAM_PATH`)."""
    entries = [f"{_yaml(name)}: {{value: {_yaml(value)}, desc: null}}\n" for name, value in params.items()]
    return "wandb_version: 1\n" + "".join(entries)


def _yaml(value: object) -> str:
    if isinstance(value, float):
        return _yaml_float(value)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_yaml, value)) + "]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_yaml(str(name))}: {_yaml(inner)}" for name, inner in value.items()) + "}"
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", _encode(value))


def _yaml_float(value: float) -> str:
    if not math.isfinite(value):
        return ".nan" if math.isnan(value) else (".inf" if value > 0 else "-.inf")
    # YAML 1.1 takes 1e-05 for a text.
    mantissa, exponent, power = repr(float(value)).partition("e")
    return f"{mantissa if '.' in mantissa else f'{mantissa}.0'}{exponent}{power}"
