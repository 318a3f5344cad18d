from __future__ import annotations

import pytest

from tracker.errors import InvalidFilter
from tracker.filter import Subject, parse
from tracker.filter.parser import MAX_COMPARISONS, MAX_NESTING, MAX_VALUES
from tracker.filter.tree import And, Comparison, Entity, Field, Missing, Node, Not, Operator, Or, Value

ACCURACY = Field(Entity.METRIC, "accuracy")


def root(text: str, subject: Subject = Subject.RUNS) -> Node:
    node = parse(text, subject).root
    assert node is not None
    return node


def comparison(entity: Entity, key: str, operator: Operator, *values: Value, negated: bool = False) -> Comparison:
    return Comparison(Field(entity, key), operator, values, negated)


def above(number: float) -> Comparison:
    return Comparison(ACCURACY, Operator.GREATER, (number,))


class TestEverything:
    @pytest.mark.parametrize("text", ["", "  ", "\n\t"])
    @pytest.mark.parametrize("subject", Subject)
    def test_blank_text_holds_for_everything(self, text: str, subject: Subject) -> None:
        assert parse(text, subject).root is None

    def test_an_expression_knows_its_subject(self) -> None:
        assert parse("", Subject.MODELS).subject is Subject.MODELS


class TestNames:
    @pytest.mark.parametrize(
        "name",
        [
            "metrics.accuracy",
            "metric.accuracy",
            "METRICS.accuracy",
            "metrics.`accuracy`",
            'metrics."accuracy"',
            "metrics.'accuracy'",
            "`metrics`.accuracy",
            '"metrics"."accuracy"',
        ],
    )
    @pytest.mark.parametrize("subject", [Subject.RUNS, Subject.MODELS])
    def test_spellings_of_a_metric(self, name: str, subject: Subject) -> None:
        assert root(f"{name} > 1", subject) == above(1)

    @pytest.mark.parametrize(
        ("name", "field"),
        [
            ("params.lr", Field(Entity.PARAM, "lr")),
            ("param.lr", Field(Entity.PARAM, "lr")),
            ("parameter.lr", Field(Entity.PARAM, "lr")),
            ("parameters.lr", Field(Entity.PARAM, "lr")),
            ("tag.a.b.c", Field(Entity.TAG, "a.b.c")),
            ("tags.optim/adam-w:2@x", Field(Entity.TAG, "optim/adam-w:2@x")),
            ("tags.`it``s`", Field(Entity.TAG, "it`s")),
            ("tags.'a \"b\" %_'", Field(Entity.TAG, 'a "b" %_')),
            ("tags.and", Field(Entity.TAG, "and")),
            ("tags.größe", Field(Entity.TAG, "größe")),
            ("tags.7", Field(Entity.TAG, "7")),
            ("dataset.name", Field(Entity.DATASET, "name")),
            ("datasets.context", Field(Entity.DATASET, "context")),
            ("run_id", Field(Entity.ATTRIBUTE, "run_id")),
            ("name", Field(Entity.ATTRIBUTE, "run_name")),
            ("Run name", None),
            ('"Run name"', Field(Entity.ATTRIBUTE, "run_name")),
            ("`run name`", Field(Entity.ATTRIBUTE, "run_name")),
            ("attributes.`Run Name`", Field(Entity.ATTRIBUTE, "run_name")),
            ("attr.status", Field(Entity.ATTRIBUTE, "status")),
            ("run.status", Field(Entity.ATTRIBUTE, "status")),
            ("tags.mlflow.runName", Field(Entity.ATTRIBUTE, "run_name")),
            ("tags.`mlflow.parentRunId`", Field(Entity.ATTRIBUTE, "parent_run_id")),
        ],
    )
    def test_names_of_runs(self, name: str, field: Field | None) -> None:
        if field is None:
            with pytest.raises(InvalidFilter):
                parse(f"{name} = 'x'", Subject.RUNS)
        else:
            assert root(f"{name} = 'x'") == Comparison(field, Operator.EQUAL, ("x",))

    @pytest.mark.parametrize(
        ("name", "key"),
        [
            ("name", "name"),
            ("model.name", "name"),
            ("attributes.source_run_id", "source_run_id"),
            ("run_id", "source_run_id"),
            ("creation_time", "creation_timestamp"),
            ("creation_timestamp_ms", "creation_timestamp"),
            ("last_updated_timestamp", "last_updated_timestamp"),
            ("step", "step"),
        ],
    )
    def test_attributes_of_models(self, name: str, key: str) -> None:
        assert root(f"{name} IS NULL", Subject.MODELS) == Missing(Field(Entity.ATTRIBUTE, key))


class TestOperators:
    @pytest.mark.parametrize(
        ("written", "operator", "negated"),
        [
            ("=", Operator.EQUAL, False),
            ("==", Operator.EQUAL, False),
            ("!=", Operator.EQUAL, True),
            ("<>", Operator.EQUAL, True),
            ("<", Operator.LESS, False),
            ("<=", Operator.AT_MOST, False),
            (">", Operator.GREATER, False),
            (">=", Operator.AT_LEAST, False),
        ],
    )
    @pytest.mark.parametrize("space", ["", " ", "\n"])
    def test_comparing(self, written: str, operator: Operator, space: str, *, negated: bool) -> None:
        text = f"metrics.accuracy{space}{written}{space}-1.5e3"
        assert root(text) == Comparison(ACCURACY, operator, (-1500.0,), negated)

    @pytest.mark.parametrize("operator", [Operator.LIKE, Operator.ILIKE])
    @pytest.mark.parametrize("write", [str.upper, str.lower])
    def test_matching(self, operator: Operator, write: type[str]) -> None:
        plain = comparison(Entity.TAG, "a", operator, "%x_")
        assert root(f"tags.a {write(operator)} '%x_'") == plain
        negated = comparison(Entity.TAG, "a", operator, "%x_", negated=True)
        assert root(f"tags.a {write('not ' + operator)} '%x_'") == negated

    def test_matching_takes_unquoted_words_as_mlflow_does(self) -> None:
        assert root("params.a LIKE m-1") == comparison(Entity.PARAM, "a", Operator.LIKE, "m-1")
        assert root("params.a LIKE 1.0") == comparison(Entity.PARAM, "a", Operator.LIKE, "1.0")

    def test_between(self) -> None:
        assert root("metrics.accuracy between 0 and 1 AND status = 'x'") == And(
            (
                comparison(Entity.METRIC, "accuracy", Operator.BETWEEN, 0, 1),
                comparison(Entity.ATTRIBUTE, "status", Operator.EQUAL, "x"),
            )
        )
        assert root("params.a NOT BETWEEN 'x' AND 'y'") == comparison(
            Entity.PARAM, "a", Operator.BETWEEN, "x", "y", negated=True
        )

    @pytest.mark.parametrize("written", ["('a', 'b')", "('a','b',)", '( "a" ,`b` )', "(a, b)"])
    def test_in(self, written: str) -> None:
        expected = comparison(Entity.ATTRIBUTE, "run_id", Operator.IN, "a", "b")
        assert root(f"run_id IN {written}") == expected
        negated = comparison(Entity.ATTRIBUTE, "run_id", Operator.IN, "a", "b", negated=True)
        assert root(f"run_id not in {written}") == negated

    def test_null(self) -> None:
        assert root("tags.a IS NULL") == Missing(Field(Entity.TAG, "a"))
        assert root("tags.a is not null") == Not(Missing(Field(Entity.TAG, "a")))


class TestValues:
    @pytest.mark.parametrize(
        ("written", "value"),
        [
            ("1", 1),
            ("-1", -1),
            ("+2", 2),
            (".5", 0.5),
            ("5.", 5.0),
            ("1E-3", 0.001),
            ("inf", float("inf")),
            ("-Infinity", float("-inf")),
            ("1e999", float("inf")),
            ("123456789012345678901234567890", 123456789012345678901234567890.0),
        ],
    )
    def test_numbers(self, written: str, value: float) -> None:
        assert root(f"metrics.accuracy > {written}") == above(value)

    @pytest.mark.parametrize(
        ("written", "value"),
        [
            ("'a'", "a"),
            ('"a"', "a"),
            ("`a`", "a"),
            ("a", "a"),
            ("m-0a1b", "m-0a1b"),
            ("1.50", "1.50"),
            ("''", ""),
            ("'it''s'", "it's"),
            ('"it\'s"', "it's"),
            ("'a AND b = ('", "a AND b = ("),
            ("' é\n'", " é\n"),
        ],
    )
    def test_texts(self, written: str, value: str) -> None:
        assert root(f"tags.a = {written}") == comparison(Entity.TAG, "a", Operator.EQUAL, value)

    def test_a_param_is_compared_as_what_it_is_compared_with(self) -> None:
        assert root("params.lr < 0.01") == comparison(Entity.PARAM, "lr", Operator.LESS, 0.01)
        assert root("params.lr < '0.01'") == comparison(Entity.PARAM, "lr", Operator.LESS, "0.01")
        assert root("params.lr = adam") == comparison(Entity.PARAM, "lr", Operator.EQUAL, "adam")
        assert root("params.lr in (1, 2.5)") == comparison(Entity.PARAM, "lr", Operator.IN, 1, 2.5)


class TestLogic:
    def test_and_binds_more_than_or(self) -> None:
        a, b, c = above(1), above(2), above(3)
        text = "metrics.accuracy > 1 OR metrics.accuracy > 2 AND metrics.accuracy > 3"
        assert root(text) == Or((a, And((b, c))))
        assert root(text.replace("OR", "or").replace("AND", "And")) == root(text)
        grouped = "(metrics.accuracy > 1 OR metrics.accuracy > 2) AND metrics.accuracy > 3"
        assert root(grouped) == And((Or((a, b)), c))

    def test_not_binds_most(self) -> None:
        text = "NOT metrics.accuracy > 1 AND metrics.accuracy > 2"
        assert root(text) == And((Not(above(1)), above(2)))

    def test_needless_parentheses_and_double_not_leave_nothing(self) -> None:
        assert root("((NOT NOT (metrics.accuracy > 1)))") == above(1)
        a, b, c = above(1), above(2), above(3)
        nested = "((metrics.accuracy > 1 AND metrics.accuracy > 2) AND metrics.accuracy > 3)"
        assert root(nested) == And((a, b, c))

    def test_one_and_may_end_a_filter_as_in_mlflow(self) -> None:
        assert root("metrics.accuracy > 1 AND") == above(1)
        with pytest.raises(InvalidFilter, match="expected a field"):
            parse("metrics.accuracy > 1 AND AND", Subject.RUNS)
        with pytest.raises(InvalidFilter, match="expected a field"):
            parse("(metrics.accuracy > 1 AND", Subject.RUNS)


class TestRefusals:
    @pytest.mark.parametrize(
        ("text", "offending", "problem"),
        [
            ("accuracy > 1", "accuracy", "unknown attribute 'accuracy'"),
            ("accuracy > 1", "accuracy", "write metrics.accuracy or params.accuracy or tags.accuracy"),
            ("statsu = 'x'", "statsu", "did you mean 'status'?"),
            ("tags.a = 'x' AND attr.statsu = 'x'", "statsu", "did you mean 'status'?"),
            ("metrcs.a > 1", "metrcs", "unknown entity 'metrcs'; did you mean 'metrics'?"),
            ("datasets.nam = 'x'", "nam", "did you mean 'name'?"),
            ("metrics. > 1", " > 1", "metrics need a key"),
            ("metrics.a > '1'", "'1'", "write 1 without quotes"),
            ("metrics.a > 'x'", "'x'", "expected a number, found \"'x'\""),
            ("metrics.a > b", "b", "expected a number, found 'b'"),
            ("metrics.a > nan", "nan", "expected a number, found 'nan'"),
            ("metrics.a LIKE 'x'", "LIKE", "LIKE compares texts, and 'a' is a number"),
            ("start_time = '5'", "'5'", "write 5 without quotes"),
            ("start_time NOT ILIKE '5'", "ILIKE", "ILIKE compares texts"),
            ("tags.a < 5", "5", "write '5'"),
            ("params.a BETWEEN a AND b", "a AND", "write 'a'"),
            ("params.a IN (1, 'b')", "'b'", "cannot be mixed"),
            ("params.a BETWEEN 1 AND 'b'", "'b'", "cannot be mixed"),
            ("metrics.a BETWEEN 1 OR 2", "OR", "expected AND, found 'OR'"),
            ("run_id IN ()", ")", "expected a quoted text, found ')'"),
            ("run_id IN ('a' 'b')", "'b'", "expected ',' or ')', found \"'b'\""),
            ("run_id IN 'a'", "'a'", "expected '('"),
            ("tags.a IS 5", "5", "expected NULL, found '5'"),
            (
                "tags.a",
                "",
                "expected an operator (=, !=, <, <=, >, >=, LIKE, ILIKE, REGEXP, IN, BETWEEN, IS NULL), found the end",
            ),
            ("metrics.a ~ 1", "~", "unexpected character '~'"),
            ("metrics.a NOT = 1", "= 1", "expected an operator (=, !=, <, <=, >, >=, IN, BETWEEN, IS NULL), found '='"),
            ("metrics.a > 1;", ";", "unexpected character ';'"),
            ("metrics.a > 1 metrics.b > 2", "metrics.b", "expected AND, OR or the end"),
            ("metrics.a >", "", "expected a number, found the end"),
            ("params.a =", "", "expected a number or a quoted text, found the end"),
            ("tags.a = AND tags.b = 'x'", "AND", "expected a quoted text, found 'AND'"),
            ("(metrics.a > 1", "", "expected ')', found the end"),
            ("metrics.a > 1)", ")", "expected AND, OR or the end, found ')'"),
            ("OR metrics.a > 1", "OR", "expected a field"),
            ("> 1", ">", "expected a field such as metrics.accuracy or status, found '>'"),
            ("tags.a = 'x", "'x", "the quote ' is not closed"),
            ("tags.a = 'x''y", "'x''y", "the quote ' is not closed"),
            ("tags.`a = 'x'", "`a", "the quote ` is not closed"),
            ("tags.a = 'x\0y'", "\0", "cannot be searched for"),
            ("tags.a = '\ud800'", "\ud800", "cannot be searched for"),
        ],
    )
    def test_points_at_what_does_not_fit(self, text: str, offending: str, problem: str) -> None:
        with pytest.raises(InvalidFilter) as caught:
            parse(text, Subject.RUNS)
        assert problem in caught.value.problem
        expected = text.index(offending) if offending else len(text)
        assert caught.value.position == expected
        if "\0" not in text and "\ud800" not in text:
            assert caught.value.text == text
        assert str(caught.value).split("\n")[2] == "  " + " " * expected + "^"

    @pytest.mark.parametrize(
        ("text", "problem"),
        [
            ("start_time > 1", "unknown attribute 'start_time'"),
            ("dataset.context = 'x'", "unknown part of a dataset 'context'; there is digest, name"),
        ],
    )
    def test_models_have_words_of_their_own(self, text: str, problem: str) -> None:
        parse(text, Subject.RUNS)
        with pytest.raises(InvalidFilter, match=problem):
            parse(text, Subject.MODELS)

    def test_experiments_have_attributes_and_tags(self) -> None:
        parse("name LIKE 'a%' AND tags.team = 'x' AND creation_time > 1", Subject.EXPERIMENTS)
        with pytest.raises(InvalidFilter, match="unknown entity 'metrics'; there is attributes, tags"):
            parse("metrics.a > 1", Subject.EXPERIMENTS)


class TestBounds:
    def test_nesting(self) -> None:
        parse("(" * MAX_NESTING + "metrics.a > 1" + ")" * MAX_NESTING, Subject.RUNS)
        with pytest.raises(InvalidFilter, match="nested more than") as caught:
            parse("(" * (MAX_NESTING + 1) + "metrics.a > 1" + ")" * (MAX_NESTING + 1), Subject.RUNS)
        assert caught.value.position == MAX_NESTING

    def test_not_counts_as_nesting(self) -> None:
        with pytest.raises(InvalidFilter, match="nested more than"):
            parse("NOT " * 10_000 + "metrics.a > 1", Subject.RUNS)

    def test_alternating_and_or(self) -> None:
        text = "metrics.a > 1"
        for level in range(60):
            text = f"({text}) {'AND' if level % 2 else 'OR'} metrics.a > 1"
        with pytest.raises(InvalidFilter, match="relatives are nested too deep: 62 levels, and at most 30 fit"):
            parse(text, Subject.RUNS)

    def test_comparisons(self) -> None:
        parse(" OR ".join(["metrics.a > 1"] * MAX_COMPARISONS), Subject.RUNS)
        with pytest.raises(InvalidFilter, match=f"more than {MAX_COMPARISONS} comparisons"):
            parse(" OR ".join(["metrics.a > 1"] * (MAX_COMPARISONS + 1)), Subject.RUNS)

    def test_values(self) -> None:
        parse(f"metrics.a IN ({','.join('1' * MAX_VALUES)})", Subject.RUNS)
        with pytest.raises(InvalidFilter, match=f"more than {MAX_VALUES} values"):
            parse(f"metrics.a IN ({','.join('1' * (MAX_VALUES + 1))})", Subject.RUNS)

    def test_length(self) -> None:
        with pytest.raises(InvalidFilter, match="1000000 characters; an expression has at most 100000") as caught:
            parse("a" * 1_000_000, Subject.RUNS)
        assert len(str(caught.value)) < 300

    def test_patterns(self) -> None:
        with pytest.raises(InvalidFilter, match="a pattern has at most 4000 characters, this one 4001"):
            parse(f"tags.a LIKE '{'%' * 4001}'", Subject.RUNS)
