"""What in a search space is allowed and yet probably not meant."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from .categorical import Categorical
from .interface import Distribution
from .log_uniform_values import LogUniformValues
from .q_uniform import QUniform
from .reading import Leaf
from .rounded import Rounded
from .uniform import Uniform
from .values import plain_number

Remark = tuple[str, str]

_EXPONENTS = ("log_uniform", "q_log_uniform", "inv_log_uniform")


def remarks(leaf: Leaf) -> Iterator[Remark]:
    """Yield each remark on a parameter: the place that it is about, and a line."""
    for find in _FINDERS:
        text = find(leaf.written, leaf.distribution)
        if text is not None:
            yield leaf.place, text


def _exponents(written: Mapping[str, object], distribution: Distribution) -> str | None:
    name = written.get("distribution")
    inner = distribution.inner if isinstance(distribution, Rounded) else distribution
    if name not in _EXPONENTS or not isinstance(inner, LogUniformValues):
        return None
    return (
        f"{name} takes exponents and is deprecated: it draws from {inner.min:g} to {inner.max:g}; "
        f"write {name}_values with min {inner.min:g} and max {inner.max:g}, or with your own if they were not exponents"
    )


def _nearly_whole(written: Mapping[str, object], distribution: Distribution) -> str | None:
    if "distribution" in written or not isinstance(distribution, Uniform):
        return None
    bounds = [plain_number(written[key]) for key in ("min", "max")]
    if not any(isinstance(bound, int) for bound in bounds) or not (distribution.min % 1 == distribution.max % 1 == 0):
        return None
    return (
        f"draws any number, since one bound is written with a point: for whole numbers write min "
        f"{distribution.min:.0f} and max {distribution.max:.0f}, else say so by distribution: uniform"
    )


def _over_the_bounds(_: Mapping[str, object], distribution: Distribution) -> str | None:
    if not isinstance(distribution, QUniform):
        return None
    low, high = distribution.decode(distribution.axis.low), distribution.decode(distribution.axis.high)
    if low == high:
        return f"always draws {low}: no other multiple of q {distribution.q} is near"
    if low < distribution.min or high > distribution.max:
        return f"draws multiples of q from {low} to {high}, beyond min {distribution.min} or max {distribution.max}"
    return None


def _one_value(_: Mapping[str, object], distribution: Distribution) -> str | None:
    if not isinstance(distribution, Rounded) or distribution.quantile(0) != distribution.decode(1):
        return None
    return f"always draws {distribution.quantile(0)}: no other multiple of q {distribution.q} is near"


def _to_nought(_: Mapping[str, object], distribution: Distribution) -> str | None:
    if not isinstance(distribution, Rounded) or not isinstance(distribution.inner, LogUniformValues):
        return None
    if distribution.quantile(0) != 0 or distribution.decode(1) == 0:
        return None
    return f"may draw 0, which lies below min: q {distribution.q} is more than min allows"


def _repeated(_: Mapping[str, object], distribution: Distribution) -> str | None:
    if not isinstance(distribution, Categorical) or len(distribution.grid()) == len(distribution.values):
        return None
    return "lists a value more than once: it is drawn as many times as often, and grid search visits it once"


_FINDERS: tuple[Callable[[Mapping[str, object], Distribution], str | None], ...] = (
    _exponents,
    _nearly_whole,
    _over_the_bounds,
    _one_value,
    _to_nought,
    _repeated,
)
