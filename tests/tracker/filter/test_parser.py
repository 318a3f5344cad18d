from __future__ import annotations

import pytest

from tracker.errors import InvalidFilter
from tracker.filter import Subject, parse
from tracker.filter.parser import MAX_COMPARISONS, MAX_NESTING, MAX_VALUES
from tracker.filter.tree import (
    And,
    Comparison,
    Entity,
    Field,
    Missing,
    Node,
    Not,
    Operator,
    Or,
    Part,
    PartName,
    Related,
    Relative,
    Value,
)

ACCURACY = Field(Entity.METRIC, "accuracy")


def root(text: str, subject: Subject = Subject.RUNS) -> Node:
    node = parse(text, subject).root
    assert node is not None
    return node


def comparison(entity: Entity, key: str, operator: Operator, *values: Value, negated: bool = False) -> Comparison:
    return Comparison(Field(entity, key), operator, values, negated)


def above(number: float) -> Comparison:
    return Comparison(ACCURACY, Operator.GREATER, (number,))


def comparison_of(field: Field, value: Value) -> Comparison:
    return Comparison(field, Operator.EQUAL, (value,))


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


class TestParts:
    @pytest.mark.parametrize("name", [name for name in PartName if name not in {PartName.AT, PartName.NUMBER}])
    @pytest.mark.parametrize("write", [str.lower, str.upper])
    def test_a_metrics_part_is_open_until_it_is_settled(self, name: PartName, write: type[str]) -> None:
        field = Field(Entity.METRIC, "val/loss", Part(name), literal=f"val/loss.{write(name)}")
        assert root(f"metrics.val/loss.{write(name)} > 1") == Comparison(field, Operator.GREATER, (1,))

    @pytest.mark.parametrize("quote", ["'", '"', "`"])
    def test_of_a_quoted_key_it_is_the_part_and_nothing_else(self, quote: str) -> None:
        field = Field(Entity.METRIC, "a.b c", Part(PartName.BEST))
        assert root(f"metrics.{quote}a.b c{quote}.best IS NULL") == Missing(field)
        whole = Field(Entity.METRIC, "a.best")
        assert root(f"metrics.{quote}a.best{quote} IS NULL") == Missing(whole)

    @pytest.mark.parametrize(
        "written", ["metrics.a.b.at(-7)", "metrics.`a.b`.at(-7)", "metric.a.b.AT ( -7 )", "metrics.'a.b'.at(-07)"]
    )
    def test_a_step(self, written: str) -> None:
        assert root(f"{written} = 1") == comparison_of(Field(Entity.METRIC, "a.b", Part(PartName.AT, -7)), 1)

    @pytest.mark.parametrize(
        ("written", "key"),
        [("min", "min"), ("at", "at"), ("a.at", "a.at"), ("a.minimum", "a.minimum"), ("a.min.b", "a.min.b")],
    )
    def test_what_is_no_part_belongs_to_the_key(self, written: str, key: str) -> None:
        assert root(f"metrics.{written} = 1") == comparison_of(Field(Entity.METRIC, key), 1)

    def test_the_last_part_counts(self) -> None:
        field = Field(Entity.METRIC, "a.min", Part(PartName.MAX), literal="a.min.max")
        assert root("metrics.a.min.max = 1") == comparison_of(field, 1)

    def test_a_params_number(self) -> None:
        part = Part(PartName.NUMBER)
        assert root("params.lr.number = 1") == comparison_of(Field(Entity.PARAM, "lr", part, "lr.number"), 1)
        assert root("params.`lr`.number = 1") == comparison_of(Field(Entity.PARAM, "lr", part), 1)

    def test_what_is_compared_as_a_text_can_only_be_the_param_of_that_name(self) -> None:
        assert root("params.lr.number = 'x'") == comparison_of(Field(Entity.PARAM, "lr.number"), "x")
        assert root("params.lr.number LIKE 'x'") == comparison(Entity.PARAM, "lr.number", Operator.LIKE, "x")

    def test_other_families_have_none(self) -> None:
        assert root("tags.a.min = 'x'") == comparison(Entity.TAG, "a.min", Operator.EQUAL, "x")


class TestRelatives:
    def test_a_single_field(self) -> None:
        assert root("parent.run_name = 'x'") == Related(
            Relative.PARENT, comparison(Entity.ATTRIBUTE, "run_name", Operator.EQUAL, "x")
        )
        assert root("Child.metrics.accuracy > 1") == Related(Relative.CHILD, above(1))
        absent = Missing(Field(Entity.TAG, "a b"))
        assert root("child.tags.`a b` IS NOT NULL") == Related(Relative.CHILD, Not(absent))
        assert root("NOT child.tags.`a b` IS NULL") == Not(Related(Relative.CHILD, absent))

    def test_a_group(self) -> None:
        text = "child(metrics.accuracy > 1 AND (metrics.accuracy > 2 OR NOT metrics.accuracy > 3))"
        assert root(text) == Related(Relative.CHILD, And((above(1), Or((above(2), Not(above(3)))))))

    def test_relatives_of_relatives(self) -> None:
        inside = Related(Relative.CHILD, above(1))
        assert root("parent.child.metrics.accuracy > 1") == Related(Relative.PARENT, inside)
        assert root("parent(child(metrics.accuracy > 1))") == Related(Relative.PARENT, inside)
        assert root("parent(child.metrics.accuracy > 1)") == Related(Relative.PARENT, inside)

    def test_a_model_has_a_run_and_its_parent(self) -> None:
        inside = comparison(Entity.ATTRIBUTE, "run_name", Operator.EQUAL, "x")
        assert root("run.run_name = 'x'", Subject.MODELS) == Related(Relative.RUN, inside)
        assert root("run(name = 'x')", Subject.MODELS) == Related(Relative.RUN, inside)
        assert root("parent(name = 'x')", Subject.MODELS) == Related(Relative.PARENT, inside)
        assert root("run(child.name = 'x')", Subject.MODELS) == Related(Relative.RUN, Related(Relative.CHILD, inside))

    def test_after_a_group_the_subject_is_what_it_was(self) -> None:
        assert root("run(status = 'x') AND name = 'y'", Subject.MODELS) == And(
            (
                Related(Relative.RUN, comparison(Entity.ATTRIBUTE, "status", Operator.EQUAL, "x")),
                comparison(Entity.ATTRIBUTE, "name", Operator.EQUAL, "y"),
            )
        )

    @pytest.mark.parametrize(
        ("text", "subject", "problem"),
        [
            ("child.metrics.a > 1", Subject.MODELS, "unknown entity 'child'"),
            ("parent.name = 'x'", Subject.EXPERIMENTS, "unknown entity 'parent'"),
            ("parent.statsu = 'x'", Subject.RUNS, "did you mean 'status'?"),
            ("parent = 'x'", Subject.RUNS, "expected '(', found '='"),
            ("parent()", Subject.RUNS, "expected a field"),
            ("parent(metrics.a > 1", Subject.RUNS, "expected ')'"),
            ("parent(metrics.a > 1 AND)", Subject.RUNS, "expected a field"),
            ("children.metrics.a > 1", Subject.RUNS, "did you mean 'child'?"),
        ],
    )
    def test_refusals(self, text: str, subject: Subject, problem: str) -> None:
        with pytest.raises(InvalidFilter) as caught:
            parse(text, subject)
        assert problem in caught.value.problem


class TestTimes:
    DAY = 86_400_000
    NOW = 19_000 * DAY + 12_345

    @pytest.mark.parametrize(
        ("written", "time"),
        [
            ("5", 5),
            ("1.5e3", 1500.0),
            ("'1970-01-02'", DAY),
            ("1970-01-02", DAY),
            ("'1970-01-01T00:00:01'", 1_000),
            ("'1970-01-01 00:00:01.5Z'", 1_500),
            ("'1970-01-01T01:00:00+01:00'", 0),
            ("'1969-12-31T23:59:59.999'", -1),
            ("'now'", NOW),
            ("now", NOW),
            ("'today'", 19_000 * DAY),
            ("'Yesterday'", 18_999 * DAY),
            ("'2 days ago'", NOW - 2 * DAY),
            ("'1 week ago'", NOW - 7 * DAY),
            ("'1.5  Minutes ago'", NOW - 90_000),
            ("'10 seconds ago'", NOW - 10_000),
        ],
    )
    def test_what_is_a_time(self, written: str, time: float) -> None:
        read = parse(f"start_time >= {written}", Subject.RUNS, self.NOW).root
        assert read == comparison(Entity.ATTRIBUTE, "start_time", Operator.AT_LEAST, time)

    @pytest.mark.parametrize(
        ("written", "problem"),
        [
            ("'5'", "write 5 without quotes"),
            ("'soon'", "expected a time"),
            ("'2024-13-01'", "expected a time"),
            ("'2 months ago'", "expected a time"),
            ("'9999999999 days ago'", "expected a time"),
            ("''", "expected a time"),
        ],
    )
    def test_what_is_none(self, written: str, problem: str) -> None:
        with pytest.raises(InvalidFilter, match=problem):
            parse(f"end_time < {written}", Subject.RUNS, self.NOW)

    def test_without_a_clock_nothing_counts_from_now(self) -> None:
        parse("start_time > '2024-05-01'", Subject.RUNS)
        with pytest.raises(InvalidFilter, match="'2 days ago' counts from now"):
            parse("start_time > '2 days ago'", Subject.RUNS)

    @pytest.mark.parametrize(
        ("subject", "name"), [(Subject.MODELS, "creation_time"), (Subject.EXPERIMENTS, "last_update_time")]
    )
    def test_everything_has_times(self, subject: Subject, name: str) -> None:
        node = root(f"{name} IN ('1970-01-01', 5)", subject)
        assert isinstance(node, Comparison)
        assert node.values == (0, 5)


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

    @pytest.mark.parametrize(
        ("written", "negated"), [("REGEXP", False), ("=~", False), ("NOT regexp", True), ("!~", True)]
    )
    def test_regular_expressions(self, written: str, *, negated: bool) -> None:
        expected = comparison(Entity.TAG, "a", Operator.REGEXP, "^x.*(y|z)$", negated=negated)
        assert root(f"tags.a {written} '^x.*(y|z)$'") == expected

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
            ("'it''s'", "it''s"),
            ('`it\'s ``so``, "no"`', 'it\'s `so`, "no"'),
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
            ("tags.a =~ '(x'", "'(x'", "not a regular expression: missing )"),
            ("tags.a REGEXP '(?=x)'", "'(?=x)'", "not a regular expression: invalid perl operator: (?="),
            ("metrics.a =~ 'x'", "=~", "REGEXP compares texts, and 'a' is a number"),
            ("start_time LIKE 'x'", "LIKE", "LIKE compares texts, and 'start_time' is a time"),
            ("metrics.`a`.mn > 1", "mn", "unknown part 'mn'; did you mean 'min'?"),
            ("tags.`a`.min = 'x'", "min", "unknown part 'min'; tags have none"),
            ("metrics.a.`b` > 1", "a.`b`", "quote the whole key, or none of it"),
            ("metrics.`` > 1", "``", "metrics need a key"),
            ("metrics.a.at(x) > 1", "x)", "expected a step, a whole number as in at(100), found 'x'"),
            ("metrics.a.at(1.5) > 1", "1.5", "expected a step"),
            ("metrics.a.at(9999999999999999999) > 1", "9999999999999999999", "expected a step"),
            ("metrics.`a`.at > 1", "> 1", "expected '('"),
            ("params.`a`.number = 'x'", "'x'", "expected a number"),
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

    @pytest.mark.parametrize("pattern", [r"(\pL{100}){9}" * 9, "(((a{99}){99}){99})"])
    def test_regular_expressions(self, pattern: str) -> None:
        with pytest.raises(InvalidFilter, match="not a regular expression") as caught:
            parse(f"tags.a =~ '{pattern}'", Subject.RUNS)
        assert len(str(caught.value)) < 500

    @pytest.mark.parametrize(
        "text",
        [
            "x" * 50_000 + " = 1",
            "metrics.a > " + "x" * 50_000,
            "tags.a = 'x' " + "y" * 50_000,
            "dataset." + "x" * 50_000 + " = 'x'",
            "metrics.a > 1 AND " * 300 + "metrics.a ! 1",
        ],
    )
    def test_of_a_long_text_the_message_shows_a_part(self, text: str) -> None:
        with pytest.raises(InvalidFilter) as caught:
            parse(text, Subject.RUNS)
        message = str(caught.value)
        assert len(message) < 700
        shown, caret = message.split("\n")[1:3]
        assert text[caught.value.position] == shown[caret.index("^")]

    def test_patterns(self) -> None:
        with pytest.raises(InvalidFilter, match="a pattern has at most 4000 characters, this one 4001"):
            parse(f"tags.a LIKE '{'%' * 4001}'", Subject.RUNS)
