"""What is ranked, as columns: pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInput
from .rank_by import RUN

NO_STEP: Final = int(np.iinfo(np.int64).max)
NO_LABEL: Final = int(np.iinfo(np.int64).min)


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Logged models that may rank: columns of length n, and tables of shape (n, metrics) of what counts of them.

    `model_nos` grow in the order logged. `steps` holds `NO_STEP` for a model without step. `measured` is false where a
    metric is missing (None: nothing is); `dataset_nos` says which dataset each value is from (None: all from one).
    `labels` are what `per` chooses within. Models with one of `groups` were trained with equal params but for the seed,
    and `seeds` tells their repetitions apart (None: each run is one). `NO_LABEL` stands for none of the former two.
    """

    metrics: tuple[str, ...]
    model_nos: NDArray[np.int64]
    run_nos: NDArray[np.int64]
    steps: NDArray[np.int64]
    values: NDArray[np.float64]
    measured: NDArray[np.bool_] | None = None
    dataset_nos: NDArray[np.int64] | None = None
    labels: NDArray[np.int64] | None = None
    groups: NDArray[np.int64] | None = None
    seeds: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.model_nos)

    def column(self, metric: str) -> NDArray[np.float64]:
        """Return the values of one metric; NaN also where it is missing."""
        place = self.metrics.index(metric)
        values = self.values[:, place]
        return values if self.measured is None else np.where(self.measured[:, place], values, np.nan)

    def is_measured(self, metric: str) -> NDArray[np.bool_]:
        """Say which have a value of one metric, whatever it is."""
        everywhere = np.ones(len(self), dtype=np.bool_)
        return everywhere if self.measured is None else self.measured[:, self.metrics.index(metric)]

    def datasets(self, metric: str) -> NDArray[np.int64]:
        """Return the dataset that each value of one metric is from; all 0 if there is but one."""
        nothing = np.zeros(len(self), dtype=np.int64)
        return nothing if self.dataset_nos is None else self.dataset_nos[:, self.metrics.index(metric)]

    def labels_of(self, per: str) -> NDArray[np.int64]:
        """Return what `per` chooses within: the runs, or the labels that came with the candidates.

        Raises:
            InvalidInput: none came.
        """
        if per == RUN:
            return self.run_nos
        if self.labels is None:
            raise InvalidInput(f"the candidates have no labels to choose within each {per}")
        return self.labels

    def repetitions(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return each candidate's group, and what tells the repetitions within a group apart.

        Raises:
            InvalidInput: no groups came with the candidates.
        """
        if self.groups is None:
            raise InvalidInput("the candidates have no groups of seeds")
        return self.groups, self.run_nos if self.seeds is None else self.seeds


def tamed(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Return finite values divided by a power of two, and it, such that sums of them and squares are finite too."""
    greatest = float(np.max(np.abs(values), initial=0.0))
    factor = 2.0**600 if greatest > 2.0**450 else 1.0
    return values / factor, factor
