"""Small stores, any filter and any order: what SQLite finds is what the Python judges say."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracker.filter import (
    DatasetFilter,
    Facts,
    Input,
    Point,
    Subject,
    as_number,
    evaluate,
    order_sql,
    ordered,
    parse,
    parse_order,
    where,
)

NewStore = Callable[[], sqlite3.Connection]
JUDGED = settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

KEYS = ("a", "b c")
DATASETS = {0: ("", ""), 1: ("v", "1"), 2: ("v", "2"), 3: ("w", "1")}
TEXTS = ("", "a", "A", "ab", "b%_", "é", "É", "*[a]?", "it's", "0.5", "1", " 2 ", "1_0", "nan", "a\nb", "z\U0001f600")
NUMBERS = (-1.5, 0.0, 0.5, 1.0, 2.0, math.inf, -math.inf, math.nan)

texts = st.sampled_from(TEXTS)
numbers = st.sampled_from(NUMBERS)
times = st.integers(0, 3)


@dataclass(frozen=True)
class SeriesRow:
    key: str
    of_model: int
    dataset_no: int
    value: float
    step: int
    timestamp: int


@dataclass(frozen=True)
class PointRow:
    key: str
    dataset_no: int
    value: float
    step: int
    timestamp: int


@dataclass(frozen=True)
class Run:
    attributes: dict[str, object]
    params: dict[str, str]
    tags: dict[str, str]
    series: list[SeriesRow] = field(default_factory=list)
    inputs: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Model:
    attributes: dict[str, object]
    params: dict[str, str]
    tags: dict[str, str]
    points: list[PointRow] = field(default_factory=list)


SERIES = st.lists(
    st.one_of(
        st.builds(SeriesRow, st.sampled_from(KEYS), st.just(0), st.just(0), numbers, times, times),
        st.builds(
            SeriesRow, st.sampled_from(KEYS), st.just(1), st.sampled_from(sorted(DATASETS)), numbers, times, times
        ),
    ),
    max_size=5,
    unique_by=lambda row: (row.key, row.of_model, row.dataset_no),
)
POINTS = st.lists(
    st.builds(PointRow, st.sampled_from(KEYS), st.sampled_from(sorted(DATASETS)), numbers, times, times), max_size=6
)
TEXT_MAPS = st.dictionaries(st.sampled_from(KEYS), texts, max_size=2)
RUN = st.builds(
    Run,
    st.fixed_dictionaries(
        {
            "run_name": texts,
            "status": st.sampled_from(["RUNNING", "FINISHED"]),
            "user_id": texts,
            "parent_run_id": st.none() | st.sampled_from(["r0", "r1"]),
            "experiment_id": st.sampled_from(["1", "2", "11"]),
            "start_time": times,
            "end_time": st.none() | times,
        }
    ),
    TEXT_MAPS,
    TEXT_MAPS,
    SERIES,
    st.dictionaries(st.sampled_from([1, 2, 3]), st.sampled_from(["", "train", "Test"]), max_size=2),
)
MODEL = st.builds(
    Model,
    st.fixed_dictionaries(
        {
            "name": texts,
            "model_type": texts,
            "status": st.sampled_from(["PENDING", "READY"]),
            "source_run_id": st.sampled_from(["r0", "r1"]),
            "experiment_id": st.sampled_from(["1", "2", "11"]),
            "step": st.none() | times,
            "creation_timestamp": times,
            "last_updated_timestamp": times,
        }
    ),
    TEXT_MAPS,
    TEXT_MAPS,
    POINTS,
)


# --- into SQLite


def null(value: float) -> float | None:
    return None if math.isnan(value) else value


def fill(store: sqlite3.Connection) -> None:
    experiments = [(number, f"experiment {number}", 0, 0) for number in (1, 2, 11)]
    columns = "experiment_id, name, creation_time, last_update_time"
    store.executemany(f"INSERT INTO experiments ({columns}) VALUES (?, ?, ?, ?)", experiments)
    rows = [(number, *names) for number, names in DATASETS.items() if number]
    store.executemany("INSERT INTO datasets (dataset_no, name, digest) VALUES (?, ?, ?)", rows)
    store.executemany("INSERT INTO metric_keys (key_no, key) VALUES (?, ?)", enumerate(KEYS))


def insert(store: sqlite3.Connection, table: str, row: Mapping[str, object]) -> None:
    marks = ", ".join("?" * len(row))
    store.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))


def insert_texts(store: sqlite3.Connection, kind: str, number: int, item: Run | Model) -> None:
    for key, value in item.params.items():
        row = {f"{kind}_no": number, "key": key, "value": value, "number": as_number(value), "hash": 0}
        insert(store, f"{kind}_params", row)
    for key, value in item.tags.items():
        insert(store, f"{kind}_tags", {f"{kind}_no": number, "key": key, "value": value})


def insert_run(store: sqlite3.Connection, number: int, run: Run) -> None:
    insert(store, "runs", {"run_no": number, "run_id": f"r{number}", **run.attributes})
    insert_texts(store, "run", number, run)
    for dataset_no, context in run.inputs.items():
        insert(store, "inputs", {"run_no": number, "dataset_no": dataset_no, "context": context})
    for row in run.series:
        values = {
            "run_no": number,
            "key_no": KEYS.index(row.key),
            "of_model": row.of_model,
            "dataset_no": row.dataset_no,
            "points": 1,
            "small_segments": 0,
            "last_value": null(row.value),
            "last_step": row.step,
            "last_timestamp": row.timestamp,
        }
        insert(store, "series", values)


def insert_model(store: sqlite3.Connection, number: int, model: Model) -> None:
    attributes = dict(model.attributes)
    run_no = str(attributes.pop("source_run_id")).removeprefix("r")
    insert(store, "models", {"model_no": number, "model_id": f"m{number}", "run_no": run_no, **attributes})
    insert_texts(store, "model", number, model)
    newest: dict[tuple[str, int], PointRow] = {}
    for row in model.points:
        before = newest.get((row.key, row.dataset_no))
        if before is None or (row.timestamp, row.step) >= (before.timestamp, before.step):
            newest[row.key, row.dataset_no] = row
    for row in model.points:
        table = "model_scores" if any(row is each for each in newest.values()) else "older_points"
        insert(store, table, {**measured(number, row), "value": null(row.value)})


def measured(number: int, row: PointRow) -> dict[str, object]:
    return {
        "model_no": number,
        "key_no": KEYS.index(row.key),
        "dataset_no": row.dataset_no,
        "run_no": 0,
        "step": row.step,
        "timestamp": row.timestamp,
    }


# --- into facts


def facts_of_run(number: int, run: Run) -> Facts:
    metrics = {}
    for key in KEYS:
        rows = [row for row in run.series if row.key == key]
        rows = [row for row in rows if not row.of_model] or rows
        if rows:
            latest = max(rows, key=lambda row: (row.step, row.timestamp, -row.dataset_no))
            metrics[key] = [Point(latest.value)]
    inputs = [Input(*DATASETS[number], context) for number, context in run.inputs.items()]
    return Facts({"run_id": f"r{number}", **run.attributes}, run.params, run.tags, metrics, inputs)


def facts_of_model(number: int, model: Model) -> Facts:
    # Of points at one time and step the last logged is kept; of such on several datasets the first dataset's.
    last_logged_first = list(reversed(model.points))
    rows = sorted(last_logged_first, key=lambda row: row.dataset_no)
    metrics = {key: [point(row) for row in rows if row.key == key] for key in KEYS}
    inputs = [Input(*DATASETS[row.dataset_no]) for row in rows if row.dataset_no]
    return Facts(
        {"model_id": f"m{number}", **model.attributes},
        model.params,
        model.tags,
        {key: points for key, points in metrics.items() if points},
        inputs,
    )


def point(row: PointRow) -> Point:
    name, digest = DATASETS[row.dataset_no] if row.dataset_no else (None, None)
    return Point(row.value, name, digest, row.timestamp, row.step)


# --- filters and orders, as texts


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


PATTERNS = st.lists(st.sampled_from([*TEXTS, "%", "_", "%", "_"]), max_size=4).map("".join)
TEXT_VALUES = texts.map(quoted)
NUMBER_VALUES = st.sampled_from(["-1.5", "0", ".5", "1", "2.0", "inf", "-inf", "10e400", "9" * 30])
COMPARING = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
NEGATION = st.sampled_from(["", "NOT "])


def listed(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    several = st.lists(values, min_size=1, max_size=3).map(", ".join)
    return st.one_of(
        st.builds("{} {}".format, COMPARING, values),
        st.builds("{}IN ({})".format, NEGATION, several),
        st.builds("{}BETWEEN {} AND {}".format, NEGATION, values, values),
        st.sampled_from(["IS NULL", "IS NOT NULL"]),
    )


NUMBER_TESTS = listed(NUMBER_VALUES)
TEXT_TESTS = listed(TEXT_VALUES) | st.builds(
    "{}{} {}".format, NEGATION, st.sampled_from(["LIKE", "ILIKE"]), PATTERNS.map(quoted)
)
KEYED = ["{}.a", "{}.`b c`", "{}.absent"]


def clauses(texts: Sequence[str], numbers: Sequence[str], ids: Mapping[str, Sequence[str]]) -> st.SearchStrategy[str]:
    named = [name.format(family) for family in ("params", "tags") for name in KEYED]
    counted = [name.format(family) for family in ("params", "metrics") for name in KEYED]
    chosen = [st.builds(f"{name} {{}}".format, listed(st.sampled_from(some).map(quoted))) for name, some in ids.items()]
    return st.one_of(
        st.builds("{} {}".format, st.sampled_from([*named, *texts]), TEXT_TESTS),
        st.builds("{} {}".format, st.sampled_from([*counted, *numbers]), NUMBER_TESTS),
        *chosen,
    )


def combined(clause: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.just("") | st.recursive(
        clause,
        lambda inner: st.one_of(
            inner.map("NOT ({})".format),
            st.builds("({} AND {})".format, inner, inner),
            st.builds("({} OR {})".format, inner, inner),
            st.builds("{} OR {} AND {}".format, inner, inner, inner).map("({})".format),
        ),
        max_leaves=6,
    )


IDS = {"experiment_id": ["1", "11", "01"], "dataset.name": ["v", "w", "x"], "dataset.digest": ["1", "2"]}
RUN_FILTERS = combined(
    clauses(
        ["run_name", "user_id"],
        ["start_time", "end_time"],
        {**IDS, "dataset.context": ["train", "Test", ""], "parent_run_id": ["r0", "x"], "status": ["RUNNING"]},
    )
)
MODEL_FILTERS = combined(
    clauses(
        ["name", "model_type"],
        ["step", "creation_timestamp"],
        {**IDS, "source_run_id": ["r0", "r1", "x"], "status": ["READY"]},
    )
)
DATASET_FILTERS = st.lists(
    st.builds(DatasetFilter, st.sampled_from(["v", "w", "x", ""]), st.sampled_from([None, "1", "2"])), max_size=2
)
DIRECTIONS = st.sampled_from(["", " ASC", " desc"])


def orders(names: Sequence[str]) -> st.SearchStrategy[list[str | Mapping[str, object]]]:
    keyed = [name.format(family) for family in ("metrics", "params", "tags") for name in KEYED]
    entries = st.builds("{}{}".format, st.sampled_from([*keyed, *names]), DIRECTIONS)
    return st.lists(entries, max_size=3)


MEASURED_ORDERS = st.lists(
    st.fixed_dictionaries(
        {"field_name": st.sampled_from(["metrics.a", "metrics.b c"]), "ascending": st.booleans()},
        optional={"dataset_name": st.sampled_from(["v", "w", "x"])},
    )
    | st.fixed_dictionaries(
        {
            "field_name": st.just("metrics.a"),
            "ascending": st.booleans(),
            "dataset_name": st.sampled_from(["v", "w"]),
            "dataset_digest": st.sampled_from(["1", "2"]),
        }
    ),
    max_size=2,
)

# --- the judgement


def found_in_order(
    store: sqlite3.Connection,
    subject: Subject,
    text: str = "",
    order_by: Sequence[str | Mapping[str, object]] = (),
    datasets: Sequence[DatasetFilter] = (),
) -> list[str]:
    condition = where(parse(text, subject), datasets)
    order = order_sql(parse_order(order_by, subject))
    column = "run_id" if subject is Subject.RUNS else "model_id"
    query = f"SELECT {column} FROM {subject.value} WHERE {condition.text} ORDER BY {order.text}"
    return [row[0] for row in store.execute(query, condition.values + order.values)]


class TestRuns:
    @JUDGED
    @given(st.lists(RUN, max_size=4), st.lists(RUN_FILTERS, min_size=1, max_size=8))
    def test_filters(self, new_store: NewStore, runs: list[Run], filters: list[str]) -> None:
        facts = [facts_of_run(number, run) for number, run in enumerate(runs)]
        with closing(new_store()) as store:
            fill(store)
            for number, run in enumerate(runs):
                insert_run(store, number, run)
            for text in filters:
                expression = parse(text, Subject.RUNS)
                expected = {one.attributes["run_id"] for one in facts if evaluate(expression, one)}
                assert set(found_in_order(store, Subject.RUNS, text)) == expected, text

    @JUDGED
    @given(st.lists(RUN, max_size=6), orders(["start_time", "end_time", "run_name", "experiment_id"]))
    def test_orders(self, new_store: NewStore, runs: list[Run], order_by: list[str | Mapping[str, object]]) -> None:
        facts = [facts_of_run(number, run) for number, run in enumerate(runs)]
        with closing(new_store()) as store:
            fill(store)
            for number, run in enumerate(runs):
                insert_run(store, number, run)
            expected = ordered(facts, parse_order(order_by, Subject.RUNS))
            assert found_in_order(store, Subject.RUNS, "", order_by) == [one.attributes["run_id"] for one in expected]


class TestModels:
    @JUDGED
    @given(st.lists(MODEL, max_size=4), st.lists(MODEL_FILTERS, min_size=1, max_size=8), DATASET_FILTERS)
    def test_filters(
        self, new_store: NewStore, models: list[Model], filters: list[str], datasets: list[DatasetFilter]
    ) -> None:
        facts = [facts_of_model(number, model) for number, model in enumerate(models)]
        with closing(store_of_models(new_store, models)) as store:
            for text in filters:
                expression = parse(text, Subject.MODELS)
                expected = {one.attributes["model_id"] for one in facts if evaluate(expression, one, datasets)}
                assert set(found_in_order(store, Subject.MODELS, text, (), datasets)) == expected, text

    @JUDGED
    @given(st.lists(MODEL, max_size=6), orders(["step", "name", "source_run_id", "experiment_id"]) | MEASURED_ORDERS)
    def test_orders(self, new_store: NewStore, models: list[Model], order_by: list[str | Mapping[str, object]]) -> None:
        facts = [facts_of_model(number, model) for number, model in enumerate(models)]
        with closing(store_of_models(new_store, models)) as store:
            expected = ordered(facts, parse_order(order_by, Subject.MODELS))
            found = found_in_order(store, Subject.MODELS, "", order_by)
            assert found == [one.attributes["model_id"] for one in expected]


def store_of_models(new_store: NewStore, models: Sequence[Model]) -> sqlite3.Connection:
    store = new_store()
    fill(store)
    for number in (0, 1):
        row = {"run_id": f"r{number}", "run_name": "", "status": "RUNNING", "experiment_id": 1, "start_time": 0}
        insert(store, "runs", {"run_no": number, **row})
    for number, model in enumerate(models):
        insert_model(store, number, model)
    return store


@st.composite
def names_and_pattern(draw: st.DrawFn) -> tuple[list[str], str]:
    """Draw names, and a pattern that fits one of them or nearly does."""
    names = draw(st.lists(st.text("aAzÉé*?[]^-%_", max_size=5), min_size=1, max_size=8, unique=True))
    like = draw(st.sampled_from(names))
    changed = [draw(st.sampled_from([character, character.swapcase(), "_", "%", "?"])) for character in like]
    return names, "".join(changed)


class TestPatterns:
    @JUDGED
    @given(names_and_pattern(), st.sampled_from(["LIKE", "ILIKE", "NOT LIKE", "NOT ILIKE"]))
    def test_likes(self, new_store: NewStore, drawn: tuple[list[str], str], operator: str) -> None:
        names, pattern = drawn
        expression = parse(f"run_name {operator} {quoted(pattern)}", Subject.RUNS)
        with closing(new_store()) as store:
            fill(store)
            for number, name in enumerate(names):
                row = {"run_name": name, "status": "RUNNING", "experiment_id": "1", "start_time": 0}
                insert_run(store, number, Run(row, {}, {}))
            condition = where(expression)
            query = f"SELECT run_name FROM runs WHERE {condition.text} ORDER BY run_no"
            found = [row[0] for row in store.execute(query, condition.values)]
        assert found == [name for name in names if evaluate(expression, Facts({"run_name": name}))]
