"""Small worlds to search in, from a seed: experiments, runs and logged models with much that ties and much that is odd.

Pure: a world is data that JSON can carry, so that two trackers can be given the same one.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

INF, NAN = float("inf"), float("nan")
# Keys that need quotes, words of SQL's, and one that ends like a part of a metric.
RUN_METRICS = ("loss", "acc", "val/loss", "größe", "a b", "x-y", "order", "loss.min")
MODEL_METRICS = ("acc", "score", "val/score", "a b", "odd")
KEYS = ("lr", "opt", "a b", "größe", "group", "x/y", "n.layers")
# One param is a number most of the time, and once in a while none.
NUMBERS = ("0.1", "0.10", "1e-1", "0.01", "1", "10", "9", "-0.5", "none", "")
TEXTS = (
    "adam",
    "Adam",
    "ADAM",
    "sgd",
    "a_b",
    "a%b",
    "axb",
    "é",
    "É",
    "*[a]?",
    "it's",
    'a "b"',
    "",
    " a ",
    "0.5",
    "ß日本",
    "a\\nb",
)
VALUES = (-2.0, -1.5, 0.0, 0.25, 0.5, 0.5, 1.0, 1.0, 3.0, 1e-7, 1234567.0, 1e20)
RUN_NAMES = ("first", "First", "second", "run-3", "it's", "größe", "a%b", "a b")
MODEL_NAMES = ("net", "Net", "best_net", "größe", "a b")
DATASETS = (("train", "11"), ("val", "a1"), ("val", "b2"), ("Val", "a1"), ("a b", "it's"))
CONTEXTS = ("training", "Training", "eval", "")
STATUSES = ("FINISHED", "FINISHED", "RUNNING", "FAILED", "KILLED", "SCHEDULED")
USERS = ("ann", "Ann", "bob", "unknown")
MODEL_STATUSES = ("READY", "READY", "READY", "PENDING", "UPLOAD_FAILED")
MODEL_TYPES = ("cnn", "CNN", "tree", "")
BEGIN = 1_700_000_000_000


@dataclass(frozen=True)
class Experiment:
    """One experiment; the first of a world is `Default`, which every store has."""

    name: str
    creation_time: int
    last_update_time: int
    deleted: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Point:
    """One value of a metric, on a dataset (name and digest) or on none; of a model, perhaps by another run."""

    key: str
    value: float
    step: int
    timestamp: int
    dataset: Sequence[str] | None = None
    run_id: str | None = None


@dataclass(frozen=True)
class Input:
    """A dataset that a run uses; without a context if that is empty."""

    name: str
    digest: str
    context: str


@dataclass(frozen=True)
class Run:
    """One run; it ended if it has an end time."""

    run_id: str
    experiment: str
    name: str
    status: str
    start_time: int
    end_time: int | None
    user: str
    parent: str | None
    deleted: bool
    params: Mapping[str, Any]
    tags: Mapping[str, str]
    points: Sequence[Point]
    inputs: Sequence[Input]


@dataclass(frozen=True)
class Model:
    """One logged model; its run's params are its own too."""

    model_id: str
    run_id: str
    experiment: str
    name: str
    model_type: str
    status: str
    creation_time: int
    last_update_time: int
    params: Mapping[str, Any]
    tags: Mapping[str, str]
    points: Sequence[Point]


@dataclass(frozen=True)
class World:
    """All of it; what stands earlier is made earlier."""

    experiments: Sequence[Experiment]
    runs: Sequence[Run]
    models: Sequence[Model]

    @classmethod
    def of_json(cls, told: Mapping[str, Any]) -> World:
        """Return the world that `as_json` made a mapping of."""
        runs = [Run(**{**each, "points": _points(each), "inputs": _inputs(each)}) for each in told["runs"]]
        models = [Model(**{**each, "points": _points(each)}) for each in told["models"]]
        return cls([Experiment(**each) for each in told["experiments"]], runs, models)

    def as_json(self) -> dict[str, Any]:
        """Return what JSON can carry: a value that is no finite number is its text."""
        told = asdict(self)
        for each in (*told["runs"], *told["models"]):
            for point in each["points"]:
                point["value"] = point["value"] if math.isfinite(point["value"]) else str(point["value"])
        return told

    def identities(self, subject: str) -> list[str]:
        """Return the IDs of a subject's all, in the order made; an experiment's is its name."""
        if subject == "runs":
            return [run.run_id for run in self.runs]
        if subject == "models":
            return [model.model_id for model in self.models]
        return [experiment.name for experiment in self.experiments]


def _points(told: Mapping[str, Any]) -> list[Point]:
    return [Point(**{**each, "value": float(each["value"])}) for each in told["points"]]


def _inputs(told: Mapping[str, Any]) -> list[Input]:
    return [Input(**each) for each in told["inputs"]]


def make_world(seed: object, runs: int = 30, models: int = 40) -> World:
    """Make a world of so many runs and logged models."""
    maker = _Maker(random.Random(f"world/{seed}"))  # noqa: S311  # no secret
    return maker.world(runs, models)


class _Maker:
    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._experiments: list[Experiment] = []
        self._runs: list[Run] = []
        self._taken: set[tuple[str, str, int, int, str]] = set()

    def world(self, runs: int, models: int) -> World:
        names = ("Default", "digits", "Digits", "a b", "größe", "over")
        self._experiments = [self._experiment(name) for name in names]
        for _ in range(runs):
            self._runs.append(self._run())
        return World(self._experiments, self._runs, [self._model() for _ in range(models)])

    def _experiment(self, name: str) -> Experiment:
        created = self._time()
        return Experiment(name, created, created + self._dice.choice((0, 0, 5)), name == "over", self._texts(0.5))

    def _run(self) -> Run:
        dice = self._dice
        experiment, start, status = self._place(), self._time(), dice.choice(STATUSES)
        return Run(
            run_id=self._identity(),
            experiment=experiment.name,
            name=dice.choice(RUN_NAMES),
            status=status,
            start_time=start,
            end_time=None if status in {"RUNNING", "SCHEDULED"} else start + dice.randrange(4),
            user=dice.choice(USERS),
            parent=dice.choice(self._runs).run_id if self._runs and dice.random() < 0.4 else None,
            deleted=experiment.deleted or dice.random() < 0.1,
            params=self._params(),
            tags=self._texts(0.5),
            points=[point for key in RUN_METRICS if dice.random() < 0.6 for point in self._curve(key)],
            inputs=[Input(*dice.choice(DATASETS), dice.choice(CONTEXTS)) for _ in range(dice.randrange(3))],
        )

    def _model(self) -> Model:
        dice = self._dice
        run, created = dice.choice(self._runs), self._time()
        status = dice.choice(MODEL_STATUSES)
        identity = f"m-{self._identity()}"
        own = {"fold": str(dice.randrange(3))} if dice.random() < 0.5 else {}
        return Model(
            model_id=identity,
            run_id=run.run_id,
            experiment=run.experiment,
            name=dice.choice(MODEL_NAMES),
            model_type=dice.choice(MODEL_TYPES),
            status=status,
            creation_time=created,
            last_update_time=created if status == "PENDING" else created + dice.randrange(3),
            params={**run.params, **own},
            tags=self._texts(0.5),
            points=[
                point for key in MODEL_METRICS if dice.random() < 0.6 for point in self._measured(identity, key, run)
            ],
        )

    def _place(self) -> Experiment:
        return self._dice.choice(self._experiments)

    def _identity(self) -> str:
        return f"{self._dice.getrandbits(128):032x}"

    def _time(self) -> int:
        """A time out of few, so that there are ties."""
        return BEGIN + self._dice.randrange(6) * 10

    def _texts(self, share: float) -> dict[str, str]:
        return {key: self._dice.choice(TEXTS) for key in KEYS if self._dice.random() < share}

    def _params(self) -> dict[str, Any]:
        plain = {"depth": self._dice.choice((3, 0.1, True, None, 1e-05, 10))} if self._dice.random() < 0.5 else {}
        return {**self._texts(0.4), **plain, "lr": self._dice.choice(NUMBERS)}

    def _curve(self, key: str) -> list[Point]:
        """A run's own points: few steps (negative ones too) and times, so that some fall on one another."""
        dice = self._dice
        values = (*VALUES, NAN, INF, -INF)
        return [
            Point(key, dice.choice(values), dice.randrange(-2, 3), BEGIN + dice.randrange(3))
            for _ in range(dice.randrange(1, 5))
        ]

    def _measured(self, model: str, key: str, run: Run) -> list[Point]:
        """A model's points: one at a time and step, since MLflow takes no second one."""
        points = [self._measurement(key, run) for _ in range(self._dice.randrange(1, 5))]
        return [point for point in points if self._is_free(model, point)]

    def _measurement(self, key: str, run: Run) -> Point:
        dice = self._dice
        value = dice.choice((*VALUES, NAN, INF, -INF) if key == "odd" else VALUES)
        dataset = list(dice.choice(DATASETS)) if dice.random() < 0.8 else None
        # Another run may measure it too.
        by = dice.choice(self._runs) if dice.random() < 0.15 else run
        return Point(key, value, dice.randrange(3), BEGIN + dice.randrange(3), dataset, by.run_id)

    def _is_free(self, model: str, point: Point) -> bool:
        place = (model, point.key, point.step, point.timestamp, str(point.run_id))
        free = place not in self._taken
        self._taken.add(place)
        return free
