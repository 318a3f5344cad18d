"""Parameters as people read them: how each is drawn, from what, and how a sampler sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import cast

from tracker.cli.manners import shown

from ..space import Axis, ChoiceAxis, Distribution, FloatAxis, IntAxis, Space

_DRAWN: Mapping[str, str] = {
    "constant": "always the same",
    "categorical": "one of a list",
    "categorical_w_probabilities": "one of a list, some likelier",
    "int_uniform": "any whole number",
    "uniform": "any number",
    "q_uniform": "a multiple of {q}",
    "log_uniform_values": "any number, each order of magnitude alike",
    "q_log_uniform_values": "a multiple of {q}, each order of magnitude alike",
    "normal": "around {mu}, by {sigma} up or down",
    "q_normal": "a multiple of {q} around {mu}, by {sigma} up or down",
    "log_normal": "e to what lies around {mu}, by {sigma} up or down",
    "q_log_normal": "a multiple of {q}, e to what lies around {mu}, by {sigma} up or down",
    "beta": "from 0 to 1, by beta({a}, {b})",
    "q_beta": "a multiple of {q} from 0 to 1, by beta({a}, {b})",
}
_LONGEST = 60
# Nearly all draws of a distribution without bounds lie between these shares.
_NEARLY_ALL = (0.025, 0.975)


@dataclass(frozen=True, slots=True)
class Row:
    """One parameter: its flat name, its distribution by name and in words, its range, and the axis of a sampler."""

    name: str
    distribution: str
    drawn: str
    range: str
    axis: str

    def to_mapping(self) -> dict[str, str]:
        """Return the row as JSON."""
        return asdict(self)


def rows(space: Space) -> list[Row]:
    """Return a row for each parameter, in the order of the file."""
    return [_row(name, distribution) for name, distribution in space.items()]


def _row(name: str, distribution: Distribution) -> Row:
    keys = distribution.to_parameter()
    kind = _name(keys)
    drawn = _DRAWN.get(kind, kind).format_map({key: shown(value) for key, value in keys.items()})
    return Row(name, kind, drawn, _range(keys, distribution), _axis(kind, distribution.axis))


def _name(keys: Mapping[str, object]) -> str:
    if "distribution" in keys:
        return str(keys["distribution"])
    if "value" in keys:
        return "constant"
    return "categorical_w_probabilities" if "probabilities" in keys else "categorical"


def _range(keys: Mapping[str, object], distribution: Distribution) -> str:
    if "value" in keys:
        return _short(shown(keys["value"]) if keys["value"] is not None else "null")
    if "values" in keys:
        return _short(_listed(keys))
    if "min" in keys:
        return f"{shown(keys['min'])} to {shown(keys['max'])}"
    low, high = (shown(distribution.quantile(share)) for share in _NEARLY_ALL)
    return f"95 %: {low} to {high}"


def _listed(keys: Mapping[str, object]) -> str:
    values = [repr(value) if isinstance(value, str) else str(value) for value in cast("list[object]", keys["values"])]
    if "probabilities" not in keys:
        return ", ".join(values)
    shares = cast("list[float]", keys["probabilities"])
    return ", ".join(f"{value} ({share:.3g})" for value, share in zip(values, shares, strict=True))


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _axis(kind: str, axis: Axis | None) -> str:
    match axis:
        case None:
            return "fixed"
        case ChoiceAxis():
            return f"{axis.count} choices"
        case IntAxis():
            return f"{axis.high - axis.low + 1} steps"
        case FloatAxis():
            if axis.log:
                return "logarithm"
            return "number" if kind == "uniform" else "share of the draws"
