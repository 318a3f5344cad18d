"""Metrics: a run's curves, and single measurements of a logged model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from .dataset import DatasetRef

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Measurement:
    """One value of one metric of a logged model.

    `timestamp` is in milliseconds since the epoch; `dataset` is what it was measured on, if that was said.
    """

    key: str
    value: float
    step: int
    timestamp: int
    dataset: DatasetRef | None
    run_id: str


class MetricSummary(NamedTuple):
    """A curve in figures, as lists show it; `last_timestamp` is in milliseconds since the epoch.

    `last` is the value of the highest step, and of the latest time within it; `first` that of the lowest step, and of
    the earliest time within it. `min` and `max` are the least and the greatest finite value, at the steps of the first
    points that reached them; where no value is finite they are NaN, and their steps None. A negative zero is a zero
    here; the curve itself keeps its sign.
    """

    points: int
    last: float
    last_step: int
    last_timestamp: int
    min: float
    min_step: int | None
    max: float
    max_step: int | None
    first: float
    first_step: int


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """One metric's curve as columns of equal length, sorted by step, then in the order logged.

    `steps` and `timestamps` (milliseconds since the epoch) are int64, `values` float64, all of shape (points,).
    `cursor`, given as `since`, asks for what was logged after this.
    """

    steps: NDArray[np.int64]
    timestamps: NDArray[np.int64]
    values: NDArray[np.float64]
    cursor: str

    def __len__(self) -> int:
        return len(self.steps)


class Histories(dict[tuple[str, str], History]):
    """Curves of many runs and metrics, by (run ID, key); none of them is without points.

    `cursor`, given as `since`, asks for what was logged after all of this.
    """

    def __init__(self, curves: Mapping[tuple[str, str], History], cursor: str) -> None:
        super().__init__(curves)
        self.cursor = cursor


@dataclass(frozen=True, slots=True, eq=False)
class Buckets:
    """One metric's curve in few buckets, as columns of equal length: what a chart needs, and no spike is missed.

    The points, sorted by step and then in the order logged, are cut into buckets of equal count; the last may have
    fewer. `first_steps` and `last_steps` say where a bucket begins and ends, `counts` how many points it holds.
    `mins` and `maxs` are the least and the greatest finite value, at `min_steps` and `max_steps` (the first point
    that reached them), and NaN where no value is finite; `lasts` is the last point's value, whatever it is. `nans`,
    `plus_infs` and `minus_infs` count what is not finite. Values are float64, all else is int64.
    """

    first_steps: NDArray[np.int64]
    last_steps: NDArray[np.int64]
    counts: NDArray[np.int64]
    mins: NDArray[np.float64]
    min_steps: NDArray[np.int64]
    maxs: NDArray[np.float64]
    max_steps: NDArray[np.int64]
    lasts: NDArray[np.float64]
    nans: NDArray[np.int64]
    plus_infs: NDArray[np.int64]
    minus_infs: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.counts)
