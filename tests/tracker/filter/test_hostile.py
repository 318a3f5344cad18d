"""Whatever text comes in, it is refused with InvalidFilter or SQLite takes it, and it never becomes SQL."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracker.errors import InvalidFilter
from tracker.filter import DatasetFilter, Facts, Sql, Subject, evaluate, order_sql, parse, parse_order, where
from tracker.filter.parser import MAX_COMPARISONS, MAX_DEPTH, MAX_VALUES
from tracker.filter.vocabulary import TAGS_THAT_ARE_ATTRIBUTES

FUZZED = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

CORPUS = [
    "' OR 1=1 --",
    "'; DROP TABLE runs; --",
    "x') UNION SELECT name FROM sqlite_master --",
    '" OR ""="',
    "`; ATTACH DATABASE 'x' AS y; `",
    "/* */ 1",
    "%' AND randomblob(1000000000) AND '%",
    "?1 :name @name $name ??",
    "{0} {} %s %(x)s",
    "\\' OR 1=1",
    "a\r\nb\tc\x01\x1b[31m\x7f",
    "\u02bc OR 1=1",
    "\u202etxet",
    "\U0010ffff",
    "e\u0301",
    "null",
    "*[!a]?[",
]
SUBJECTS = [Subject.RUNS, Subject.MODELS]


@pytest.fixture
def store(new_store: Callable[[], sqlite3.Connection]) -> Iterator[sqlite3.Connection]:
    with closing(new_store()) as connection:
        connection.execute("INSERT INTO experiments VALUES (1, 'e', 'active', 0, 0, '')")
        columns = "run_no, run_id, experiment_id, run_name, status, start_time"
        connection.execute(f"INSERT INTO runs ({columns}) VALUES (1, 'r', 1, '', '', 0)")
        connection.execute("INSERT INTO models VALUES (1, 'm', 1, 1, '', '', 0, '', 0, 0, 'active', 0, 1)")
        connection.execute("INSERT INTO metric_keys VALUES (1, 'a')")
        yield connection


def search(store: sqlite3.Connection, subject: Subject, condition: Sql, order: Sql) -> list[object]:
    """Search as the store does: with a join and a scope around the filter, which take room too."""
    table = subject.value
    query = (
        f"SELECT {table}.* FROM {table} JOIN experiments ON experiments.experiment_id = {table}.experiment_id "
        f"WHERE {table}.experiment_id IN (SELECT value FROM json_each('[1]')) AND ({condition.text}) "
        f"ORDER BY {order.text} LIMIT 10 OFFSET 0"
    )
    return store.execute(query, condition.values + order.values).fetchall()


def try_all(store: sqlite3.Connection, text: str) -> int:
    """Search with any text; return how many subjects it is a filter of."""
    taken = 0
    for subject in SUBJECTS:
        try:
            expression = parse(text, subject)
        except InvalidFilter:
            continue
        search(store, subject, where(expression, [DatasetFilter("v")]), order_sql(parse_order([], subject)))
        search(store, subject, where(expression), order_sql(parse_order(["metrics.a"], subject)))
        evaluate(expression, Facts())
        taken += 1
    return taken


def in_quotes(text: str, quote: str) -> str:
    """Write a text in quotes; one that holds such quotes in backticks, where they can be doubled."""
    return "`" + text.replace("`", "``") + "`" if quote in {*text, "`"} else f"{quote}{text}{quote}"


class TestInjection:
    @pytest.mark.parametrize("payload", CORPUS)
    @pytest.mark.parametrize("quote", ["'", '"', "`"])
    def test_values_and_keys_are_bound(self, store: sqlite3.Connection, payload: str, quote: str) -> None:
        written = in_quotes(payload, quote)
        for text in [f"tags.{written} = {written}", f"params.a IN ({written})", f"name LIKE {written}"]:
            for subject in SUBJECTS:
                condition = where(parse(text, subject), [DatasetFilter(payload, payload)])
                assert payload not in condition.text
                order = order_sql(parse_order([f"tags.{written}"], subject))
                assert payload not in order.text
                assert payload in order.values
                assert search(store, subject, condition, order) == []

    @pytest.mark.parametrize("payload", CORPUS)
    def test_a_stored_text_is_found_again(self, store: sqlite3.Connection, payload: str) -> None:
        store.execute("INSERT INTO run_tags VALUES (1, ?, ?)", (payload, payload))
        written = in_quotes(payload, "'")
        for operator in ["=", "LIKE", "ILIKE", ">="]:
            expression = parse(f"tags.{written} {operator} {written}", Subject.RUNS)
            assert len(search(store, Subject.RUNS, where(expression), Sql("1"))) == 1
            assert evaluate(expression, Facts(tags={payload: payload}))

    @pytest.mark.parametrize("payload", CORPUS)
    def test_unquoted_it_is_refused_or_harmless(self, store: sqlite3.Connection, payload: str) -> None:
        for text in [payload, f"tags.{payload} = 'x'", f"name = {payload}", f"name = 'x' {payload}", f"{payload} > 1"]:
            try_all(store, text)
        assert store.execute("SELECT count(*) FROM runs").fetchone() == (1,)


class TestSize:
    @pytest.mark.parametrize(
        "text",
        [
            "(" * 10_000,
            "(" * 10_000 + "metrics.a > 1" + ")" * 10_000,
            "NOT " * 10_000 + "metrics.a > 1",
            "NOT (" * 10_000,
            "metrics.a > 1 AND " * 5_000,
            "'" * 99_999,
            "a" * 1_000_000,
            "metrics." + "a." * 40_000 + " > 1 OR",
            "metrics.a > " + "9" * 90_000 + "x",
            "name IN (" + "'x'," * 20_000 + ")",
            "\0" * 1_000,
            "🙂" * 1_000,
            " " * 100_001,
        ],
    )
    def test_refused(self, store: sqlite3.Connection, text: str) -> None:
        assert try_all(store, text) == 0

    @pytest.mark.parametrize(
        "text",
        [
            "metrics.a > 1 AND " * MAX_COMPARISONS,
            " OR ".join(["NOT metrics.a > 1"] * MAX_COMPARISONS),
            f"metrics.a IN ({','.join('1' * MAX_VALUES)})",
            "metrics.a > " + "9" * 90_000,
            "metrics.a > -" + "9" * 25,
            "metrics." + "a" * 90_000 + " > 1",
            "tags.a = '" + "x" * 90_000 + "'",
            "tags.a ILIKE '" + "*" * 4_000 + "'",
            "tags.a NOT LIKE '" + "[🙂_%" * 1_000 + "'",
        ],
    )
    def test_taken(self, store: sqlite3.Connection, text: str) -> None:
        assert try_all(store, text) == len(SUBJECTS)

    @pytest.mark.parametrize(
        "leaf",
        [
            "NOT metrics.a > 1",
            "NOT datasets.name = 'x'",
            "params.a IS NULL",
            "metrics.a.best IS NULL",
            "NOT metrics.a.best = 1",
            "metrics.a.at(1) != 1",
            "metrics.a.first > 1",
        ],
    )
    def test_the_deepest_nesting_fits_in_sqlites_parser(self, store: sqlite3.Connection, leaf: str) -> None:
        text = leaf
        for level in range(MAX_DEPTH - 2):
            text = f"({leaf} {'AND' if level % 2 else 'OR'} {text})"
        assert try_all(store, text) == len(SUBJECTS)
        with pytest.raises(InvalidFilter, match="nested too deep"):
            parse(f"{leaf} {'AND' if MAX_DEPTH % 2 else 'OR'} {text}", Subject.RUNS)

    @pytest.mark.parametrize("inside", ["metrics.a.best IS NULL", "NOT metrics.a.at(1) != 1"])
    @pytest.mark.parametrize("around", ["parent({})", "NOT parent({})", "(metrics.a > 1 OR NOT parent({}))"])
    def test_the_deepest_relatives_fit_in_sqlites_parser(
        self, store: sqlite3.Connection, inside: str, around: str
    ) -> None:
        text, taken = inside, 0
        while try_all(store, text) == len(SUBJECTS):
            text, taken = around.format(text), taken + 1
        assert taken > 2
        with pytest.raises(InvalidFilter, match="nested too deep"):
            parse(text, Subject.RUNS)

    def test_any_shape_of_nesting_fits_in_sqlites_parser(self, store: sqlite3.Connection) -> None:
        taken = sum(try_all(store, shape(random.Random(seed))) for seed in range(60))  # noqa: S311
        assert taken > 30


def shape(generator: random.Random) -> str:
    """Draw a deep tree of AND and OR with branches here and there."""
    branching = generator.choice([0.02, 0.05, 0.1])

    def grow(depth: int) -> str:
        if not depth:
            return "NOT metrics.a.best > 1"
        if generator.random() < branching / 2:
            return f"NOT parent({grow(depth - 1)})"
        parts = [grow(depth - 1)]
        parts += [grow(depth - 1 if generator.random() < branching else 0) for _ in range(generator.randint(1, 2))]
        generator.shuffle(parts)
        return "(" + (" AND " if depth % 2 else " OR ").join(parts) + ")"

    return grow(generator.randint(10, 28))


PIECES = [
    "metrics.a", "params.`b c`", "tags.x", "name", "status", "dataset.name", "start_time", "step", "(", ")", ",",
    "AND", "or", "NOT", "in", "IS", "NULL", "LIKE", "between", "=", "!=", "<", ">=", "'x'", '"y"', "5", "-1e3", "inf",
    "z", "'", ".", ";", "metrics.", "\n",
]  # fmt: skip


class TestFuzz:
    @FUZZED
    @given(st.text(max_size=60))
    def test_any_text(self, store: sqlite3.Connection, text: str) -> None:
        try_all(store, text)

    @FUZZED
    @given(st.lists(st.sampled_from(PIECES), max_size=14).map(" ".join))
    def test_any_words(self, store: sqlite3.Connection, text: str) -> None:
        try_all(store, text)

    @FUZZED
    @given(st.text(max_size=30))
    def test_any_order(self, text: str) -> None:
        for subject in SUBJECTS:
            try:
                parse_order([text], subject)
                parse_order([{"field_name": text}], subject)
            except InvalidFilter:
                continue

    @FUZZED
    @given(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20).filter(
            lambda text: text not in TAGS_THAT_ARE_ATTRIBUTES[Subject.RUNS]
        )
    )
    def test_any_quoted_text_stands_for_itself(self, store: sqlite3.Connection, text: str) -> None:
        for quote in "'\"`":
            written = in_quotes(text, quote)
            condition = where(parse(f"tags.{written} = {written}", Subject.RUNS))
            assert condition.values == (text, text)
            assert search(store, Subject.RUNS, condition, Sql("1")) == []
