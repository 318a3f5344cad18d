"""Small stores drawn by hypothesis: as rows in SQLite, and as the facts that the Python judges look at."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from hypothesis import strategies as st

from tracker.filter import Facts, Input, Point, Relative, as_number
from tracker.store import segments
from tracker.store.summary import summarize

EXPERIMENTS = (1, 2, 11)
# One is the name of another's part, in metrics and in params.
KEYS = ("a", "b c", "a.min", "a.number")
DATASETS = {0: ("", ""), 1: ("v", "1"), 2: ("v", "2"), 3: ("w", "1")}
TEXTS = ("", "a", "A", "ab", "b%_", "é", "É", "*[a]?", "it's", "0.5", "1", " 2 ", "1_0", "nan", "a\nb", "z\U0001f600")
NUMBERS = (-1.5, 0.0, 0.5, 1.0, 2.0, math.inf, -math.inf, math.nan)
GOAL_TAGS = ("tracker.goal.a", "tracker.goal.b c")

texts = st.sampled_from(TEXTS)
times = st.integers(0, 3)


@dataclass(frozen=True)
class Curve:
    """What was logged under a key, in pieces, each a segment; of a run itself or of its models on a dataset."""

    key: str
    dataset_no: int | None
    pieces: list[list[Point]]

    @property
    def points(self) -> list[Point]:
        return [point for piece in self.pieces for point in piece]

    @property
    def age(self) -> tuple[bool, int, int, int]:
        """Its place among the curves of a key; the least counts."""
        last = max(self.points, key=lambda point: (point.step, point.timestamp))
        return self.dataset_no is not None, -last.step, -last.timestamp, self.dataset_no or 0


@dataclass(frozen=True)
class Run:
    attributes: dict[str, object]
    params: dict[str, str]
    tags: dict[str, str]
    curves: list[Curve] = field(default_factory=list)
    inputs: dict[int, str] = field(default_factory=dict)
    parent: int | None = None
    deleted: bool = False


@dataclass(frozen=True)
class ModelPoint:
    key: str
    dataset_no: int
    point: Point


@dataclass(frozen=True)
class Model:
    attributes: dict[str, object]
    params: dict[str, str]
    tags: dict[str, str]
    run: int
    points: list[ModelPoint] = field(default_factory=list)


@dataclass(frozen=True)
class Experiment:
    name: str
    creation_time: int
    last_update_time: int
    tags: dict[str, str]


UNNAMED = [Experiment(f"experiment {number}", 0, 0, {}) for number in EXPERIMENTS]


@dataclass(frozen=True)
class World:
    """Some runs, of which each may be the parent of later ones, and models of theirs, in three experiments."""

    runs: list[Run]
    models: list[Model]
    experiments: list[Experiment] = field(default_factory=lambda: UNNAMED)


points = st.builds(Point, st.sampled_from(NUMBERS), timestamp=times, step=times)
curves = st.lists(
    st.builds(
        Curve,
        st.sampled_from(KEYS),
        st.none() | st.sampled_from(sorted(DATASETS)),
        st.lists(st.lists(points, min_size=1, max_size=3), min_size=1, max_size=2),
    ),
    max_size=4,
    unique_by=lambda curve: (curve.key, curve.dataset_no),
)
text_maps = st.dictionaries(st.sampled_from(KEYS), texts, max_size=3)
goals = st.dictionaries(st.sampled_from(GOAL_TAGS), st.sampled_from(["minimize", "maximize", "lower"]), max_size=2)
tag_maps = st.builds(lambda tags, goals: {**tags, **goals}, text_maps, goals)
experiment_ids = st.sampled_from([str(number) for number in EXPERIMENTS])
runs = st.builds(
    Run,
    st.fixed_dictionaries(
        {
            "run_name": texts,
            "status": st.sampled_from(["RUNNING", "FINISHED"]),
            "user_id": texts,
            "experiment_id": experiment_ids,
            "start_time": times,
            "end_time": st.none() | times,
        }
    ),
    text_maps,
    tag_maps,
    curves,
    st.dictionaries(st.sampled_from([1, 2, 3]), st.sampled_from(["", "train", "Test"]), max_size=2),
    st.none() | st.integers(0, 4),
    st.sampled_from([False, False, True]),
)
models = st.builds(
    Model,
    st.fixed_dictionaries(
        {
            "name": texts,
            "model_type": texts,
            "status": st.sampled_from(["PENDING", "READY"]),
            "experiment_id": experiment_ids,
            "step": st.none() | times,
            "creation_timestamp": times,
            "last_updated_timestamp": times,
        }
    ),
    text_maps,
    text_maps,
    st.integers(0, 3),
    st.lists(st.builds(ModelPoint, st.sampled_from(KEYS), st.sampled_from(sorted(DATASETS)), points), max_size=6),
)
run_worlds = st.builds(World, st.lists(runs, min_size=1, max_size=5), st.just([]))
model_worlds = st.builds(World, st.lists(runs, min_size=1, max_size=3), st.lists(models, min_size=1, max_size=5))


experiments = st.builds(Experiment, texts, times, times, text_maps)
experiment_worlds = st.builds(
    World,
    st.just([]),
    st.just([]),
    st.lists(experiments, min_size=1, max_size=len(EXPERIMENTS), unique_by=lambda experiment: experiment.name),
)


def parent_of(world: World, number: int) -> int | None:
    """Return the place of a run's parent, which is another and earlier one, or none that is there."""
    parent = world.runs[number].parent
    return parent if parent is not None and parent < number else None


def run_of(world: World, model: Model) -> int:
    return model.run % len(world.runs)


# --- into SQLite


def null(value: float) -> float | None:
    return None if math.isnan(value) else value


def insert(store: sqlite3.Connection, table: str, row: Mapping[str, object]) -> None:
    marks = ", ".join("?" * len(row))
    store.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))


def fill(store: sqlite3.Connection, world: World) -> None:
    for number, experiment in zip(EXPERIMENTS, world.experiments, strict=False):
        row = {key: value for key, value in asdict(experiment).items() if key != "tags"}
        insert(store, "experiments", {"experiment_id": number, **row})
        for key, value in experiment.tags.items():
            insert(store, "experiment_tags", {"experiment_id": number, "key": key, "value": value})
    for number, (name, digest) in DATASETS.items():
        if number:
            insert(store, "datasets", {"dataset_no": number, "name": name, "digest": digest})
    for key in sorted(metric_keys(world)):
        insert(store, "metric_keys", {"key_no": KEYS.index(key), "key": key})
    for number in range(len(world.runs)):
        insert_run(store, world, number)
    for number in range(len(world.models)):
        insert_model(store, world, number)


def metric_keys(world: World) -> set[str]:
    of_runs = {curve.key for run in world.runs for curve in run.curves}
    return of_runs | {row.key for model in world.models for row in model.points}


def param_keys(world: World) -> set[str]:
    items: list[Run | Model] = [*world.runs, *world.models]
    return {key for item in items for key in item.params}


def insert_texts(store: sqlite3.Connection, kind: str, number: int, item: Run | Model) -> None:
    for key, value in item.params.items():
        row = {f"{kind}_no": number, "key": key, "value": value, "number": as_number(value), "hash": 0}
        insert(store, f"{kind}_params", row)
    for key, value in item.tags.items():
        insert(store, f"{kind}_tags", {f"{kind}_no": number, "key": key, "value": value})


def insert_run(store: sqlite3.Connection, world: World, number: int) -> None:
    run, parent = world.runs[number], parent_run_id(world, number)
    stage = "deleted" if run.deleted else "active"
    links = {"run_no": number, "run_id": f"r{number}", "parent_run_id": parent, "lifecycle_stage": stage}
    insert(store, "runs", {**links, **run.attributes})
    insert_texts(store, "run", number, run)
    for dataset_no, context in run.inputs.items():
        insert(store, "inputs", {"run_no": number, "dataset_no": dataset_no, "context": context})
    for place, curve in enumerate(run.curves):
        insert_curve(store, number, number * 100 + place, curve)


def parent_run_id(world: World, number: int) -> str | None:
    """Return the ID of a run's parent, which may be of no run."""
    parent = parent_of(world, number)
    return f"r{parent}" if parent is not None else None if world.runs[number].parent is None else "gone"


def columns_of(points: Sequence[Point]) -> segments.Columns:
    return segments.columns(
        [point.step for point in points], [point.timestamp for point in points], [point.value for point in points]
    )


def insert_curve(store: sqlite3.Connection, run_no: int, series_no: int, curve: Curve) -> None:
    whole = summarize(columns_of(curve.points))
    links = {"series_no": series_no, "run_no": run_no, "key_no": KEYS.index(curve.key)}
    kind = {"of_model": curve.dataset_no is not None, "dataset_no": curve.dataset_no or 0, "small_segments": 0}
    insert(store, "series", {**links, **kind, **whole._asdict()})
    first_point = 0
    for piece in curve.pieces:
        columns = columns_of(piece)
        row = {
            "series_no": series_no,
            "first_point": first_point,
            "first_step": int(columns.steps.min()),
            "last_step": int(columns.steps.max()),
            "points": len(piece),
            "data": segments.encode(columns),
        }
        insert(store, "segments", row)
        first_point += len(piece)


def insert_model(store: sqlite3.Connection, world: World, number: int) -> None:
    model = world.models[number]
    links = {"model_no": number, "model_id": f"m{number}", "run_no": run_of(world, model)}
    insert(store, "models", {**links, **model.attributes})
    insert_texts(store, "model", number, model)
    newest: dict[tuple[str, int], int] = {}
    for place, row in enumerate(model.points):
        before = newest.setdefault((row.key, row.dataset_no), place)
        if moment(row.point) >= moment(model.points[before].point):
            newest[row.key, row.dataset_no] = place
    for place, row in enumerate(model.points):
        table = "model_scores" if place in newest.values() else "older_points"
        insert(store, table, measured(number, run_of(world, model), row))


def moment(point: Point) -> tuple[int, int]:
    return point.timestamp, point.step


def measured(number: int, run_no: int, row: ModelPoint) -> dict[str, object]:
    return {
        "model_no": number,
        "key_no": KEYS.index(row.key),
        "dataset_no": row.dataset_no,
        "run_no": run_no,
        "value": null(row.point.value),
        "step": row.point.step,
        "timestamp": row.point.timestamp,
    }


# --- into facts


class Kin(Mapping[Relative, Sequence[Facts]]):
    """The relatives of a run or a model, made when they are asked for: they have relatives too."""

    def __init__(self, world: World, numbers: Mapping[Relative, Sequence[int]]) -> None:
        self._world = world
        self._numbers = numbers

    def __getitem__(self, relative: Relative) -> Sequence[Facts]:
        return [facts_of_run(self._world, number) for number in self._numbers[relative]]

    def __iter__(self) -> Iterator[Relative]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)


def facts_of_run(world: World, number: int) -> Facts:
    run, parent = world.runs[number], parent_of(world, number)
    children = [
        child for child in range(len(world.runs)) if parent_of(world, child) == number and not world.runs[child].deleted
    ]
    by_dataset = sorted(run.curves, key=lambda curve: (curve.dataset_no is not None, curve.dataset_no or 0))
    curves: dict[str, list[list[Point]]] = {}
    for curve in by_dataset:
        curves.setdefault(curve.key, []).append(curve.points)
    uri = f"mlflow-artifacts:/{run.attributes['experiment_id']}/r{number}/artifacts"
    # Of the curves of a key the first is left: it comes last.
    oldest_first = sorted(run.curves, key=lambda curve: curve.age, reverse=True)
    return Facts(
        {"run_id": f"r{number}", "parent_run_id": parent_run_id(world, number), "artifact_uri": uri, **run.attributes},
        run.params,
        run.tags,
        {curve.key: curve.points for curve in oldest_first},
        [Input(*DATASETS[number], context) for number, context in run.inputs.items()],
        curves,
        Kin(world, {Relative.PARENT: [] if parent is None else [parent], Relative.CHILD: children}),
    )


def facts_of_model(world: World, number: int) -> Facts:
    model = world.models[number]
    run, parent = run_of(world, model), parent_of(world, run_of(world, model))
    # Of points at one moment the last logged is kept; of such on several datasets the first dataset's.
    last_logged_first = model.points[::-1]
    rows = sorted(last_logged_first, key=lambda row: row.dataset_no)
    metrics: dict[str, list[Point]] = {}
    for row in rows:
        metrics.setdefault(row.key, []).append(on_dataset(row))
    links = {"model_id": f"m{number}", "source_run_id": f"r{run}", "parent_run_id": parent_run_id(world, run)}
    return Facts(
        {**links, **model.attributes},
        model.params,
        model.tags,
        metrics,
        [Input(*DATASETS[row.dataset_no]) for row in rows if row.dataset_no],
        {},
        Kin(world, {Relative.RUN: [run], Relative.PARENT: [] if parent is None else [parent]}),
    )


def facts_of_experiment(world: World, number: int) -> Facts:
    attributes = asdict(world.experiments[number])
    tags = attributes.pop("tags")
    return Facts({"experiment_id": str(EXPERIMENTS[number]), **attributes}, tags=tags)


def on_dataset(row: ModelPoint) -> Point:
    name, digest = DATASETS[row.dataset_no] if row.dataset_no else (None, None)
    return Point(row.point.value, name, digest, row.point.timestamp, row.point.step)
