"""Filters and orders as texts, drawn by hypothesis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hypothesis import strategies as st

from tracker.filter import DatasetFilter, Subject

from .worlds import TEXTS

Filters = st.SearchStrategy[str]
OrderBy = list[str | Mapping[str, object]]


def quoted(text: str) -> str:
    # A quote cannot be said in quotes of its kind, as in MLflow.
    return f'"{text}"' if "'" in text else f"'{text}'"


PATTERNS = st.lists(st.sampled_from([*TEXTS, "%", "_", "%", "_"]), max_size=4).map("".join).map(quoted)
EXPRESSIONS = st.sampled_from(["", "a", "^a", "b.$", "(?i)É", r"\d", "^$", "[0-9.]+|nan", "x{2,}", r"\*", "it's"])
TEXT_VALUES = st.sampled_from(TEXTS).map(quoted)
NUMBER_VALUES = st.sampled_from(["-1.5", "0", ".5", "1", "2.0", "inf", "-inf", "10e400", "9" * 30])
TIME_VALUES = st.sampled_from(["0", "1", "2.5", "'1970-01-01'", "'1970-01-01T00:00:00.002Z'", "'now'"])
NOW = 1
COMPARING = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
NEGATION = st.sampled_from(["", "NOT "])


def listed(values: Filters) -> Filters:
    several = st.lists(values, min_size=1, max_size=3).map(", ".join)
    return st.one_of(
        st.builds("{} {}".format, COMPARING, values),
        st.builds("{}IN ({})".format, NEGATION, several),
        st.builds("{}BETWEEN {} AND {}".format, NEGATION, values, values),
        st.sampled_from(["IS NULL", "IS NOT NULL"]),
    )


NUMBER_TESTS = listed(NUMBER_VALUES)
TIME_TESTS = listed(TIME_VALUES)
TEXT_TESTS = st.one_of(
    listed(TEXT_VALUES),
    st.builds("{}{} {}".format, NEGATION, st.sampled_from(["LIKE", "ILIKE"]), PATTERNS),
    st.builds("{} {}".format, st.sampled_from(["=~", "!~", "REGEXP", "NOT REGEXP"]), EXPRESSIONS.map(quoted)),
)
KEYED = ["{}.a", "{}.`b c`", "{}.absent"]
PARTS = ["min", "max", "first", "last", "latest", "best", "at(0)", "at(2)", "at(-1)"]
TEXT_FIELDS = [key.format(family) for family in ("params", "tags") for key in KEYED]
METRICS = [key.format("metrics") for key in KEYED]
PARTED = [f"{metric}.{part}" for metric in METRICS for part in PARTS]
PARAM_NUMBERS = [f"params.{key}.number" for key in ("a", "`a`", "`b c`", "absent")]
NUMBER_FIELDS = [*(key.format("params") for key in KEYED), *METRICS, *PARAM_NUMBERS]
IDS = {"experiment_id": ["1", "11", "01"], "dataset.name": ["v", "w", "x"], "dataset.digest": ["1", "2"]}
RUN_IDS = {
    **IDS,
    "dataset.context": ["train", "Test", ""],
    "parent_run_id": ["r0", "gone"],
    "status": ["RUNNING"],
    "run_id": ["r1", "r2"],
}
MODEL_IDS = {**IDS, "source_run_id": ["r0", "r1", "x"], "parent_run_id": ["r0"], "status": ["READY"]}


RUN_NAMES, MODEL_NAMES = ["run_name", "user_id"], ["name", "model_type"]
RUN_TIMES, MODEL_TIMES = ["start_time", "end_time"], ["creation_timestamp", "last_updated_timestamp"]
# What may be asked of a relative, and how deep in one another.
RELATIVES = {Subject.RUNS: ["parent", "child"], Subject.MODELS: ["run", "parent"]}
DEEPEST = 2


@st.composite
def clauses(draw: st.DrawFn, subject: Subject) -> str:
    """Draw a field of a subject that is compared with something."""
    is_run = subject is Subject.RUNS
    match draw(st.integers(0, 5)):
        case 0:
            names = RUN_NAMES if is_run else MODEL_NAMES
            return f"{draw(st.sampled_from([*TEXT_FIELDS, *names]))} {draw(TEXT_TESTS)}"
        case 1:
            numbers = NUMBER_FIELDS if is_run else [*NUMBER_FIELDS, "step"]
            return f"{draw(st.sampled_from(numbers))} {draw(NUMBER_TESTS)}"
        case 2 | 3:
            return f"{draw(st.sampled_from(PARTED))} {draw(NUMBER_TESTS)}"
        case 4:
            return f"{draw(st.sampled_from(RUN_TIMES if is_run else MODEL_TIMES))} {draw(TIME_TESTS)}"
        case _:
            name, values = draw(st.sampled_from(sorted((RUN_IDS if is_run else MODEL_IDS).items())))
            return f"{name} {draw(listed(st.sampled_from(values).map(quoted)))}"


@st.composite
def experiment_clauses(draw: st.DrawFn) -> str:
    match draw(st.integers(0, 2)):
        case 0:
            names = ["name", *(key.format("tags") for key in KEYED)]
            return f"{draw(st.sampled_from(names))} {draw(TEXT_TESTS)}"
        case 1:
            return f"experiment_id {draw(listed(st.sampled_from(IDS['experiment_id']).map(quoted)))}"
        case _:
            return f"{draw(st.sampled_from(['creation_time', 'last_update_time']))} {draw(TIME_TESTS)}"


EXPERIMENT_FILTERS = st.one_of(
    st.just(""),
    experiment_clauses(),
    st.builds("({} AND NOT ({} OR {}))".format, *3 * [experiment_clauses()]),
    st.builds("{} OR {}".format, *2 * [experiment_clauses()]),
)


@st.composite
def filters(draw: st.DrawFn, subject: Subject, size: int = 4, deepest: int = DEEPEST) -> str:
    """Draw a filter of about so many comparisons."""
    kind = draw(st.integers(0, 9))
    if kind < 2 and deepest:
        relative = draw(st.sampled_from(RELATIVES[subject]))
        if kind:
            return f"{relative}({draw(filters(Subject.RUNS, size, deepest - 1))})"
        chained = draw(st.sampled_from(["", "child.", "parent."])) if deepest == DEEPEST else ""
        return f"{relative}.{chained}{draw(clauses(Subject.RUNS))}"
    if size < 2 or kind < 5:
        return draw(clauses(subject))
    first, second = (draw(filters(subject, size // 2, deepest)) for _ in range(2))
    joined = ["NOT ({})", "({} AND {})", "({} AND NOT {})", "({} OR {})", "({} OR {} AND {})"][kind % 5]
    return joined.format(first, second, draw(clauses(subject)))


DATASET_FILTERS = st.lists(
    st.builds(DatasetFilter, st.sampled_from(["v", "w", "x", ""]), st.sampled_from([None, "1", "2"])), max_size=2
)
DIRECTIONS = st.sampled_from(["", " ASC", " desc"])


def orders(names: Sequence[str]) -> st.SearchStrategy[OrderBy]:
    fields = [*TEXT_FIELDS, *METRICS, *PARTED, *PARAM_NUMBERS, *names]
    entries = st.builds("{}{}".format, st.sampled_from(fields), DIRECTIONS)
    return st.lists(entries, max_size=3)


EXPERIMENT_ORDERS: st.SearchStrategy[OrderBy] = st.lists(
    st.builds(
        "{}{}".format,
        st.sampled_from(["name", "creation_time", "last_update_time", "experiment_id", "tags.a", "tags.`b c`"]),
        DIRECTIONS,
    ),
    max_size=3,
)
MEASURED_ORDERS: st.SearchStrategy[OrderBy] = st.lists(
    st.fixed_dictionaries(
        {
            "field_name": st.sampled_from([f"metrics.{key}" for key in ["a", "b c", "a.min", "b c.best", "a.at(1)"]]),
            "ascending": st.booleans(),
        },
        optional={"dataset_name": st.sampled_from(["v", "w", "x"])},
    )
    | st.fixed_dictionaries(
        {
            "field_name": st.sampled_from(["metrics.a", "metrics.a.max", "metrics.a.first"]),
            "ascending": st.booleans(),
            "dataset_name": st.sampled_from(["v", "w"]),
            "dataset_digest": st.sampled_from(["1", "2"]),
        }
    ),
    max_size=2,
)
