"""A sweep's state ↔ the tags of its runs: pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from tracker import RunInfo, goal_tag

from ..trial import TrialState

KIND, CONFIG, SEED, SPACE = "sweep.kind", "sweep.config", "sweep.seed", "sweep.space"
METRIC, GOAL, DATASET = "sweep.metric", "sweep.goal", "sweep.dataset"
TRIAL, STATE, VALUE, REASON, TAIL = "trial.number", "trial.state", "trial.value", "trial.reason", "trial.tail"
# The filter that finds the parent runs of sweeps.
SWEEPS = f"tags.`{KIND}` = 'sweep'"


@dataclass(frozen=True, slots=True)
class SweepRecord:
    """What a sweep's parent run says of it."""

    sweep_id: str
    name: str
    experiment_id: str
    metric: str
    goal: str
    dataset: str | None
    status: str

    @classmethod
    def of_run(cls, run: RunInfo) -> SweepRecord:
        """Read a parent run."""
        tags = run.tags
        return cls(
            sweep_id=run.run_id,
            name=run.name,
            experiment_id=run.experiment_id,
            metric=tags.get(METRIC, ""),
            goal=tags.get(GOAL, "minimize"),
            dataset=tags.get(DATASET) or None,
            status=run.status,
        )


@dataclass(frozen=True, slots=True)
class TrialResult:
    """How a trial ended; `value` is the best finite value of the sweep's metric, None if there is none."""

    number: int
    run_id: str
    state: TrialState
    params: Mapping[str, object]
    value: float | None
    reason: str

    @classmethod
    def of_run(cls, run: RunInfo) -> TrialResult:
        """Read a child run; one that nobody ended counts as running."""
        value = run.tags.get(VALUE)
        return cls(
            number=int(run.tags[TRIAL]),
            run_id=run.run_id,
            state=TrialState(run.tags.get(STATE, TrialState.RUNNING)),
            params=run.params,
            value=None if value is None else float(value),
            reason=run.tags.get(REASON, ""),
        )


def tag_text(text: str) -> str:
    """Return a text that a tag can hold, of whatever a program has said."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")


def sweep_tags(
    config: Mapping[str, object], *, seed: int, space: str, metric: str, goal: str, dataset: str | None
) -> dict[str, str]:
    """Return the tags of a sweep's parent run; by the last of them filters know what `metrics.NAME.best` means."""
    return {
        KIND: "sweep",
        CONFIG: json.dumps(config),
        SEED: str(seed),
        SPACE: space,
        METRIC: metric,
        GOAL: goal,
        DATASET: dataset or "",
        **({goal_tag(metric): goal} if metric else {}),
    }


def goal_of(metric: str, sweeps_metric: str, sweeps_goal: str) -> str:
    """Return which way a metric is better if nobody says: as the sweep says of its own, and upwards for any other."""
    return sweeps_goal if metric == sweeps_metric else "maximize"
