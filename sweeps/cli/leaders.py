"""The best checkpoints of a sweep, as a table and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tracker import DatasetRef, LoggedModel
from tracker.cli.manners import pairs
from tracker.cli.terminal import print_table


@dataclass(frozen=True, slots=True)
class Leaders:
    """Checkpoints in order of a metric on a dataset (or on none), and the trials that they are of, by run ID."""

    models: Sequence[LoggedModel]
    metric: str
    trials: Mapping[str, int]

    def print(self) -> None:
        """Print the table: the dataset that was ranked by first, and what was measured on others beside it."""
        if not self.models:
            print(f"no checkpoint was measured by {self.metric!r}")
            return
        ranked_by = self._dataset(self.models[0])
        others = sorted(
            {ref.name for model in self.models for ref in self._refs(model)} - {ranked_by and ranked_by.name}
        )
        first = f"{self.metric} ({ranked_by.name})" if ranked_by else self.metric
        print_table(
            f"best checkpoints by {first}",
            ["model", "trial", "step", first, *(f"{self.metric} ({name})" for name in others), "params"],
            [
                [
                    model.model_id,
                    self.trials.get(model.run_id),
                    model.step,
                    model.metrics.get(self.metric),
                    *(model.metric(self.metric, name) for name in others),
                    pairs(model.params),
                ]
                for model in self.models
            ],
        )

    def mappings(self) -> list[dict[str, object]]:
        """Return what JSON says of each."""
        return [self._mapping(model) for model in self.models]

    def _mapping(self, model: LoggedModel) -> dict[str, object]:
        dataset = self._dataset(model)
        return {
            "model_id": model.model_id,
            "uri": model.uri,
            "name": model.name,
            "run_id": model.run_id,
            "trial": self.trials.get(model.run_id),
            "step": model.step,
            "metric": self.metric,
            "value": model.metrics.get(self.metric),
            "dataset": {"name": dataset.name, "digest": dataset.digest} if dataset else None,
            "params": dict(model.params),
            "path": str(model.path),
        }

    def _refs(self, model: LoggedModel) -> list[DatasetRef]:
        return [entry.dataset for entry in model.measurements if entry.key == self.metric and entry.dataset]

    def _dataset(self, model: LoggedModel) -> DatasetRef | None:
        chosen = model.searched_by
        return next((ref for ref in self._refs(model) if chosen and ref.name == chosen.name), None)
