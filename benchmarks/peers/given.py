"""The runs and logged models that everybody is given to search among: the same in every process, from one seed.

Metrics are independent of each other and of the params, but `energy_j`: it is low only where accuracy is low or latency
high, so that each of the three is bought with the others. Standard library only: peers' environments have nothing of
ours.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from .work import SEED

EXPERIMENT = "benchmark"
DATASET, DIGEST = "validation", "5ca1ab1e"
# What some models are measured on besides.
HELD_OUT, HELD_OUT_DIGEST = "held-out", "0ddba11"
INDEPENDENT = ("accuracy", "latency_ms", "size_mb")
TRADED = "energy_j"
WIDTHS = (32, 64, 128, 256)
OPTIMIZERS = ("adam", "sgd")
NAME = "net"
RUN_KEYS = tuple(f"metric_{number}" for number in range(50))
# Saturday, 1 November 2025.
FIRST_MS = 1_761_955_200_000
MODEL_MS, RUN_MS = 10, 1000
HALF = 0.5

# What searches for models ask for: those of one width, or those of one learning rate.
BY_WIDTH, BY_RATE = KINDS = ("by width", "by rate")

Params = dict[str, object]
# What a search tells, in order: IDs with their params and metrics.
Told = Sequence[tuple[str, Mapping[str, object], Mapping[str, float]]]


class Shape(NamedTuple):
    """How many models there are, how many of them a run has made, and how many runs differ by their seed only.

    `held_out` is the share of models that are measured on another dataset too.
    """

    models: int
    per_run: int = 50
    seeds: int = 2
    metrics: tuple[str, ...] = (*INDEPENDENT, TRADED)
    held_out: float = 0.3

    @property
    def runs(self) -> int:
        """How many runs there are."""
        return -(-self.models // self.per_run)

    @property
    def configurations(self) -> int:
        """How many different params there are, but for the seed."""
        return max(1, self.runs // self.seeds)


class GivenRun(NamedTuple):
    """A run of so many metrics; `start_time` is in milliseconds since the epoch."""

    run_id: str
    params: Params
    start_time: int
    metrics: dict[str, float]


class GivenModel(NamedTuple):
    """A model, the number of its run, and what it was measured at; times are milliseconds since the epoch."""

    model_id: str
    run: int
    step: int
    timestamp: int
    metrics: dict[str, float]
    held_out: float | None


def beside_peers(models: int) -> Shape:
    """Return a shape with three metrics, ten models for each params but the seed, five seeds of each."""
    return Shape(models, per_run=2, seeds=5, metrics=INDEPENDENT, held_out=0.0)


def runs(shape: Shape) -> Iterator[GivenRun]:
    """Yield the runs that made the models; they have logged no metrics themselves."""
    draw = random.Random(SEED)  # noqa: S311  # figures, no secrets
    for number in range(shape.runs):
        yield GivenRun(f"{draw.getrandbits(128):032x}", params(number, shape), FIRST_MS + number * RUN_MS, {})


def params(number: int, shape: Shape) -> Params:
    """Return a run's params: a learning rate of each configuration's own, others that many share, and the seed."""
    configuration, seed = number % shape.configurations, number // shape.configurations
    return {
        "lr": rate(configuration, shape.configurations),
        "width": WIDTHS[configuration % len(WIDTHS)],
        "depth": configuration % 7 + 1,
        "optimizer": OPTIMIZERS[configuration // len(WIDTHS) % len(OPTIMIZERS)],
        "seed": seed,
    }


def rate(configuration: int, configurations: int) -> float:
    """Return a configuration's learning rate, from 0.0001 to 0.1, which no other one has."""
    return round(float(10 ** (-4 + 3 * configuration / configurations)), 9)


def models(shape: Shape) -> Iterator[GivenModel]:
    """Yield the models, in the order in which they were made."""
    draw = random.Random(SEED + 1)  # noqa: S311  # figures, no secrets
    for number in range(shape.models):
        accuracy, latency, size = draw.random(), 100 * draw.random(), 10 + 90 * draw.random()
        energy = 10 * (1 + accuracy + (1 - latency / 100)) + draw.random()
        metrics = dict(zip((*INDEPENDENT, TRADED), (accuracy, latency, size, energy), strict=True))
        yield GivenModel(
            model_id=f"m-{draw.getrandbits(128):032x}",
            run=number // shape.per_run,
            step=number % shape.per_run,
            timestamp=FIRST_MS + number * MODEL_MS,
            metrics={key: metrics[key] for key in shape.metrics},
            held_out=accuracy / 2 + draw.random() / 2 if draw.random() < shape.held_out else None,
        )


def long_runs(count: int) -> Iterator[GivenRun]:
    """Yield runs that have logged fifty metrics each."""
    draw = random.Random(SEED + 2)  # noqa: S311  # figures, no secrets
    shape = Shape(count, per_run=1, seeds=1)
    for number in range(count):
        metrics = {key: draw.random() for key in RUN_KEYS}
        start = FIRST_MS + number * RUN_MS
        yield GivenRun(f"{draw.getrandbits(128):032x}", params(number, shape), start, metrics)


class ModelSearch(NamedTuple):
    """The best models by accuracy of which a param has this value."""

    param: str
    value: object

    @property
    def filter_string(self) -> str:
        """The filter, as MLflow understands it too."""
        return f"params.{self.param} = '{self.value}'"


class RunSearch(NamedTuple):
    """Runs of one width of which a metric is more than a half, in the order of another, the greatest first."""

    width: int
    metric: str
    order: str

    @property
    def filter_string(self) -> str:
        """The filter, as MLflow understands it too."""
        return f"params.width = '{self.width}' AND metrics.{self.metric} > {HALF}"


def model_searches(shape: Shape, kind: str) -> list[ModelSearch]:
    """Return searches for the best models of one width each, a quarter of all, or of one configuration each."""
    if kind == BY_WIDTH:
        return [ModelSearch("width", width) for width in WIDTHS]
    count = shape.configurations
    chosen = sorted({count * number // len(WIDTHS) for number in range(len(WIDTHS))})
    return [ModelSearch("lr", rate(number, count)) for number in chosen]


def run_searches() -> list[RunSearch]:
    """Return searches for runs."""
    return [RunSearch(*each) for each in zip(WIDTHS, reversed(RUN_KEYS), RUN_KEYS, strict=False)]


def fingerprint(found: Told) -> str:
    """Return a hash of what was found; params are compared as texts, which is all that MLflow knows of them."""
    content = [
        (owner, sorted((key, str(value)) for key, value in params_.items()), sorted(metrics.items()))
        for owner, params_, metrics in found
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()
