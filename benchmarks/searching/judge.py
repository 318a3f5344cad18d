"""Right answers, found without any store: what was given, as NumPy columns, sorted by NumPy."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ..peers import given
from ..peers.given import Shape

Column = NDArray[np.float64]
Places = NDArray[np.intp]


class Judge:
    """Knows the models of a shape. Their metrics are all different, so that an order by one needs no second key."""

    def __init__(self, shape: Shape) -> None:
        self.ids: list[str] = []
        columns: dict[str, list[float]] = {key: [] for key in shape.metrics}
        held_out: list[float] = []
        for model in given.models(shape):
            self.ids.append(model.model_id)
            for key, value in model.metrics.items():
                columns[key].append(value)
            held_out.append(np.nan if model.held_out is None else model.held_out)
        self.metrics: dict[str, Column] = {key: np.array(values) for key, values in columns.items()}
        self.held_out: Column = np.array(held_out)
        self.runs: Places = np.arange(shape.models) // shape.per_run
        self.params = [run.params for run in given.runs(shape)]
        self._orders: dict[str, Places] = {}

    def param(self, name: str) -> NDArray[np.float64]:
        """Return a param of each model, as a number."""
        return np.array([each[name] for each in self.params], np.float64)[self.runs]

    def is_param(self, name: str, value: object) -> NDArray[np.bool_]:
        """Return whether a param of each model is of that value."""
        return np.array([each[name] == value for each in self.params])[self.runs]

    def best(self, metric: str) -> Places:
        """Return all models' places, the greatest value of a metric first."""
        if metric not in self._orders:
            self._orders[metric] = np.argsort(-self.metrics[metric])
        return self._orders[metric]

    def top(self, metric: str, count: int, among: NDArray[np.bool_] | None = None) -> list[str]:
        """Return the IDs of the models with the greatest values of a metric."""
        order = self.best(metric)
        return self.named(order[:count] if among is None else order[among[order]][:count])

    def named(self, places: Iterable[np.intp] | Places) -> list[str]:
        """Return IDs."""
        return [self.ids[place] for place in places]
