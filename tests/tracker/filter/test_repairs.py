"""What does not parse is shown with the nearest thing that does."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker.errors import InvalidFilter
from tracker.filter import Subject, parse, parse_order

from .wording import filters

REPAIRS = [
    # quotes
    ("tags.a = 'x", "tags.a = 'x'"),
    ('tags.a = "x AND tags.b = 1', 'tags.a = "x" AND tags.b = 1'),
    ("tags.a = 'hello big world AND tags.b = 'y'", "tags.a = 'hello big world' AND tags.b = 'y'"),
    ("tags.a = x'", "tags.a = x"),
    ("tags.`a = 'x'", "tags.`a` = 'x'"),
    ("run_name = 'it's'", "run_name = 'it''s'"),
    ("(tags.a = 'x)", "(tags.a = 'x')"),
    ("run_name = \u2018x\u2019", "run_name = 'x'"),
    ("run_name = my run AND metrics.a > 1", "run_name = 'my run' AND metrics.a > 1"),
    ("tags.a < 5", "tags.a < '5'"),
    ("metrics.a > '0.5'", "metrics.a > 0.5"),
    # operators of other languages
    ("metrics.a > 1 && metrics.b > 2", "metrics.a > 1 AND metrics.b > 2"),
    ("metrics.a > 1||metrics.b > 2", "metrics.a > 1 OR metrics.b > 2"),
    ("!(metrics.a > 1)", "NOT (metrics.a > 1)"),
    ("metrics.a === 1", "metrics.a = 1"),
    ("metrics.a = = 1", "metrics.a = 1"),
    ("metrics.a >> 1", "metrics.a > 1"),
    ("metrics.a => 1", "metrics.a >= 1"),
    ("metrics.a \u2264 1", "metrics.a <= 1"),
    ("metrics.a NOT = 1", "metrics.a != 1"),
    ("metrics.a = NULL", "metrics.a IS NULL"),
    ("metrics.a is not none", "metrics.a IS NOT NULL"),
    ("tags.a IS 'x'", "tags.a = 'x'"),
    ("run_name ~ 'x'", "run_name =~ 'x'"),
    ("run_name matches 'x'", "run_name REGEXP 'x'"),
    ("run_name contains 'x' && metrics.a \u2265 1", "run_name LIKE '%x%' AND metrics.a >= 1"),
    ("metrics.a > 1;", "metrics.a > 1"),
    # words
    ("metrcs.a > 1", "metrics.a > 1"),
    ("tags.a = 'x' AND statsu = 'y'", "tags.a = 'x' AND status = 'y'"),
    ("datasets.nam = 'x'", "datasets.name = 'x'"),
    ("parnet.metrics.a > 1", "parent.metrics.a > 1"),
    ("metrics.`a`.mn > 1", "metrics.`a`.min > 1"),
    ("run_name LIEK 'x'", "run_name LIKE 'x'"),
    ("metrics.a > 1 ADN metrics.b > 2", "metrics.a > 1 AND metrics.b > 2"),
    ("metrics.a BETWEEN 1 OR 2", "metrics.a BETWEEN 1 AND 2"),
    ("start_time > yesterdy", "start_time > yesterday"),
    ("accuracy > 0.9", "metrics.accuracy > 0.9"),
    ("optimizer = 'adam'", "params.optimizer = 'adam'"),
    # what is missing, and what is too much
    ("(metrics.a > 1", "(metrics.a > 1)"),
    ("metrics.a > 1)", "(metrics.a > 1)"),
    ("child metrics.a > 1", "child (metrics.a > 1)"),
    ("run_id IN 'a', 'b' AND metrics.a > 1", "run_id IN ('a', 'b') AND metrics.a > 1"),
    ("run_id IN ['a', 'b']", "run_id IN ('a', 'b')"),
    ("metrics.a > 1 metrics.b > 2", "metrics.a > 1 AND metrics.b > 2"),
    ("metrics.a > 1, metrics.b > 2", "metrics.a > 1 AND metrics.b > 2"),
    ("metrics.a 1", "metrics.a = 1"),
    ("metrics.a > 0,9", "metrics.a > 0.9"),
    ("metrics.a > 1 AND AND metrics.b > 2", "metrics.a > 1 AND metrics.b > 2"),
    ("OR metrics.a > 1", "metrics.a > 1"),
    ("metrics.a > 1 OR", "metrics.a > 1"),
]


@pytest.mark.parametrize(("text", "repaired"), REPAIRS)
def test_filters(text: str, repaired: str) -> None:
    with pytest.raises(InvalidFilter) as caught:
        parse(text, Subject.RUNS, now=0)
    assert caught.value.repaired == repaired
    assert str(caught.value).endswith(f"\n  did you mean: {repaired}")
    parse(repaired, Subject.RUNS, now=0)


@pytest.mark.parametrize(
    ("text", "repaired"),
    [
        ("loss", "metrics.loss"),
        ("metrcs.loss DESC", "metrics.loss DESC"),
        ("metrics.loss DSC", "metrics.loss DESC"),
        ("metrics.loss descending", "metrics.loss DESC"),
        ("metrics.`loss DESC", "metrics.`loss` DESC"),
        ("start_tiem", "start_time"),
    ],
)
def test_orders(text: str, repaired: str) -> None:
    with pytest.raises(InvalidFilter) as caught:
        parse_order([text], Subject.RUNS)
    assert caught.value.repaired == repaired


@pytest.mark.parametrize(
    "text", ["metrics.a >", "tags.a", "metrics.a > b", "tags.a =~ '('", "???", "tags.a = '\0", "metrics.a LIKE 'x'"]
)
def test_there_may_be_none(text: str) -> None:
    with pytest.raises(InvalidFilter) as caught:
        parse(text, Subject.RUNS)
    assert caught.value.repaired is None
    assert "did you mean:" not in str(caught.value)


def test_a_long_text_is_not_repaired() -> None:
    with pytest.raises(InvalidFilter) as caught:
        parse("metrics.a > 1 AND " * 40 + "metrics.a >> 1", Subject.RUNS)
    assert caught.value.repaired is None


@settings(max_examples=200, deadline=None)
@given(filters(Subject.RUNS), st.data())
def test_whatever_is_suggested_parses(text: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(text)))
    slip = data.draw(st.sampled_from(["", "'", ")", "(", "=", " AND ", "x", ",", "&&"]))
    broken = text[:place] + slip + text[place + 1 :]
    try:
        parse(broken, Subject.RUNS, now=0)
    except InvalidFilter as error:
        if error.repaired is not None:
            parse(error.repaired, Subject.RUNS, now=0)
