"""Millions of texts that are filters, nearly are, or are anything but: each is read or refused, soon, and none is SQL.

The campaign reads a million, and prints how long the slowest took:

    python -m pytest -m campaign tests/tracker/filter/test_fuzz.py -s
"""

from __future__ import annotations

import random
import re
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing

import pytest

from tracker.errors import InvalidFilter
from tracker.filter import DatasetFilter, Facts, Subject, evaluate, literal_keys, order_sql, parse, parse_order, where
from tracker.filter.tree import Expression

SHORT = 4_000
CAMPAIGN = 1_000_000
PARTS_OF_CAMPAIGN = 4
# In seconds of this process; the aim is 0.1, and a machine at work on other things gets some more.
BOUND = 0.5
# Characters of an error's message.
MOST_SHOWN = 1_000
NOW = 1_700_000_000_000

VALID = [
    "metrics.accuracy > 0.9 AND params.lr = '0.1'",
    "metrics.`val loss`.min <= -1.5e-3 OR metrics.loss.at(100) BETWEEN 0 AND 1",
    "NOT (tags.team ILIKE '%vision_' AND status IN ('FINISHED', 'RUNNING',)) AND end_time IS NOT NULL",
    "child(metrics.acc.best > 0.9 AND params.lr.number < 0.1) AND parent.run_name =~ '^sweep-[0-9]+$'",
    "start_time > \"2 days ago\" AND created < '2024-05-01T12:00:00+02:00'",
    "dataset.name = 'mnist' AND datasets.digest != \"a1b2\" AND dataset.context NOT LIKE 'tr%'",
    "run(params.seed IN (1, 2, 3) OR parent(tags.`a``b` IS NULL))",
    "attributes.name !~ 'x|y' and model_type = 'it''s' AND creation_timestamp_ms >= 5 AND",
    "experiment_id = 3 OR tags.x == y OR metrics.m <> -inf",
    "params.x REGEXP '(a|b)*c{2,5}' AND parent.parent.child.metrics.z.latest != 1",
]
WORDS = [
    "metrics", "params", "tags", "dataset", "run", "parent", "child", "child(", ".", "a", "`b c`", ".min", ".at(", "at",
    ".number", "name", "status", "start_time", "(", ")", ",", "AND", "or", "NOT", "in", "IS", "NULL", "LIKE", "regexp",
    "between", "=", "!=", "=~", "!~", "<", ">=", "'x'", '"y"', "''", "5", "-1e3", "inf", "nan", "'now'", "'1 day ago'",
    "'(a'", "'", '"', "`", ";", "--", "/*", "\0", "\n", "\t", "\ud800", "\U0001f600", "e\u0301", "\u202e", "1e999",
    "9" * 30, "'; DROP TABLE runs; --", "' OR 1=1 --", "?1", ":a", "$a", "%s", "{}", "\\",
]  # fmt: skip
CHARACTERS = "'\"`()=<>!~,.;%_ \t\n\0\x01\x1b\x7f\ud800\udfff\U0010ffff\u00e9\u2028\ufeff"
CHARACTERS += "0123456789abcANDornt-+/:@*?[]{}|&"


def mutated(generator: random.Random) -> str:
    text = generator.choice(VALID)
    for _ in range(generator.choice([0, 1, 1, 1, 2, 4])):
        begin = generator.randint(0, len(text))
        end = min(len(text), begin + generator.choice([0, 1, 1, 2, 5, 20]))
        piece = generator.choice(
            [
                "",
                generator.choice(CHARACTERS),
                text[begin:end] * generator.randint(2, 4),
                generator.choice(WORDS),
                f" {generator.choice(WORDS)} ",
                generator.choice(VALID)[begin:end],
            ]
        )
        text = text[:begin] + piece + text[end:]
    return text


def words(generator: random.Random) -> str:
    glue = generator.choice(["", " ", " "])
    return glue.join(generator.choices(WORDS, k=generator.randint(1, 14)))


def characters(generator: random.Random) -> str:
    return "".join(generator.choices(CHARACTERS, k=generator.randint(0, 40)))


def any_characters(generator: random.Random) -> str:
    return "".join(chr(generator.randrange(0x110000)) for _ in range(generator.randint(1, 20)))


def numbers(generator: random.Random) -> str:
    digits = "".join(generator.choices("0123456789.eE+-_xinfa", k=generator.choice([1, 5, 20, 400])))
    place = generator.choice(["metrics.a > {}", "metrics.a.at({}) = 1", "params.a IN ({}, 1)", "end_time < {}"])
    return place.format(digits)


def nested(generator: random.Random) -> str:
    depth = generator.choice([1, 10, 29, 31, 99, 101, 400])
    opening, closing = generator.choice(
        [("(", ")"), ("NOT ", ""), ("NOT (", ")"), ("child(", ")"), ("parent.", ""), ("(metrics.a > 1 OR NOT (", "))")]
    )
    return opening * depth + "metrics.a.best > 1" + closing * (depth - generator.choice([0, 0, 1]))


def quotes(generator: random.Random) -> str:
    return "tags." + "".join(generator.choices("'\"`a. ", k=generator.randint(1, 60))) + " = 'x'"


def expressions(generator: random.Random) -> str:
    pieces = ["a", ".", "*", "+", "?", "(", ")", "[", "]", "{9}", "{999}", "|", r"\pL", "^"]
    return f"tags.a =~ '{''.join(generator.choices(pieces, k=12))}'"


MAKERS = [
    *6 * [mutated],
    *3 * [words],
    characters,
    any_characters,
    numbers,
    nested,
    quotes,
    expressions,
]
SUBJECTS = [*3 * [Subject.RUNS], *Subject]
HOSTILE = [
    "(" * 10_000,
    "(" * 10_000 + "metrics.a > 1" + ")" * 10_000,
    "NOT " * 10_000 + "metrics.a > 1",
    "child(" * 10_000 + "metrics.a > 1" + ")" * 10_000,
    "parent." * 10_000 + "metrics.a > 1",
    "a" * 5_000_000,
    "'" * 5_000_000,
    " " * 99_999,
    "'" * 99_999,
    "`" * 99_998,
    "\0" * 99_999,
    "\ud800" * 99_999,
    "metrics.a > 1 AND " * 5_500,
    "metrics.a IN (" + "1," * 45_000 + "1)",
    "start_time IN (" + "'2024-01-01'," * 7_000 + "5)",
    "tags.a IN (" + "'x'," * 9_999 + "'x')",
    "metrics." + "a." * 45_000 + "min > 1",
    "metrics." + "`a`." * 20_000 + "min > 1",
    "metrics.a > " + "9" * 90_000,
    "metrics.a > " + "9" * 90_000 + "e" + "9" * 9_000,
    "metrics.a.at(" + "9" * 90_000 + ") > 1",
    "tags.a = '" + "''" * 45_000 + "'",
    "tags.a LIKE '" + "%a" * 2_000 + "'",
    "tags.a =~ '" + "(a*)*" * 800 + "'",
    "tags.a =~ '" + "(" * 2_000 + ")" * 2_000 + "'",
    "tags.a =~ '" + r"(\pL|\pN){99}" * 300 + "'",
    " AND ".join(f"tags.a =~ '{number}(x|y){{50}}'" for number in range(499)),
    "x" * 400 + "'" * 99,
    "metrics.a >> 1 " * 33,
    "=" * 500,
    "&& " * 160,
]  # fmt: skip
# Every word that the SQL of a filter may hold, whatever the filter: these filters have all kinds of fields and tests.
COMPARED = [f"experiment_id {operator} 'x'" for operator in ["=", "!=", "<", "<=", ">", ">="]]
COMPARED += [
    f"experiment_id {test}" for test in ["IN ('x', 'y')", "BETWEEN 'x' AND 'y'", "=~ 'x'", "ILIKE 'x'", "LIKE 'x'"]
]
ALL_KINDS = [
    *(f"metrics.a.{part} > 1" for part in ["min", "max", "first", "last", "latest", "best", "at(1)"]),
    "metrics.a > 1 OR metrics.a IS NULL OR metrics.a NOT BETWEEN 1 AND 2 OR metrics.a IN (1)",
    "NOT (params.a.number > 1 AND params.a = 'x' AND tags.a LIKE 'x' AND tags.a ILIKE 'x' AND tags.a =~ 'x')",
    "dataset.name = 'x' OR NOT dataset.digest = 'x'",
    "experiment_id IS NULL",
    *COMPARED,
]
OF_RUNS = ["dataset.context = 'x'", "run_id = 'x' OR parent_run_id = 'x' OR run_name = 'x' OR status = 'x'"]
OF_RUNS += ["user_id = 'x' OR start_time > 1 OR NOT end_time > 1", "NOT parent(child(metrics.a > 1))"]
OF_MODELS = ["model_id = 'x' OR model_no = 1 OR name = 'x' OR model_type = 'x' OR status = 'x' OR source_run_id = 'x'"]
OF_MODELS += ["parent_run_id = 'x' OR step > 1 OR creation_timestamp > 1 OR last_updated_timestamp > 1"]
OF_MODELS += ["NOT run(NOT parent(child(run_id = 'x')))", *(f"run({text})" for text in [*ALL_KINDS, *OF_RUNS])]
OF_EXPERIMENTS = ["tags.a = 'x' OR tags.a IS NULL OR tags.a =~ 'x' OR tags.a LIKE 'x' OR tags.a ILIKE 'x'"]
OF_EXPERIMENTS += ["experiment_id = 'x' OR name IN ('x') OR creation_time NOT BETWEEN 1 AND 2 OR last_update_time > 1"]
OF_EXPERIMENTS += ["NOT (experiment_id IS NULL OR tags.a = 'x')", *COMPARED]
OF_TAGS = ["tags.a = 'x' OR NOT tags.a IS NULL OR tags.a =~ 'x' OR tags.a LIKE 'x' OR tags.a NOT ILIKE 'x'"]
OF_TAGS += ["tags.a < 'x' OR tags.a <= 'x' OR tags.a > 'x' OR tags.a >= 'x' OR tags.a IN ('x', 'y')"]
OF_BOTH = ["name = 'x' OR description IS NULL OR creation_timestamp BETWEEN 1 AND 2 OR last_updated_timestamp > 1"]
OF_VERSIONS = ["version_number > 1 OR model_id = 'x' OR run_id = 'x' OR source_path = 'x' OR NOT stage = 'x'"]
KINDS = {
    Subject.RUNS: [*ALL_KINDS, *OF_RUNS],
    Subject.MODELS: [*ALL_KINDS, *OF_MODELS],
    Subject.EXPERIMENTS: OF_EXPERIMENTS,
    Subject.REGISTERED_MODELS: [*OF_TAGS, *OF_BOTH],
    Subject.MODEL_VERSIONS: [*OF_TAGS, *OF_BOTH, *OF_VERSIONS],
}


def written(expression: Expression) -> str:
    """Return the SQL of a filter without its values."""
    return where(expression, [DatasetFilter("v", "1")]).text


# A relative's alias tells how far away it is.
ALIAS = re.compile(r"\brun[0-9]+\b")


def vocabulary(text: str) -> set[str]:
    return set(re.findall(r"\w+|[^\w\s]", ALIAS.sub("run", text)))


OURS = {
    subject: {word for text in texts for word in vocabulary(written(parse(text, subject)))}
    for subject, texts in KINDS.items()
}


def read(text: str, subject: Subject) -> Expression | None:
    """Read a text, and hold what came of it to being no SQL of its own making."""
    try:
        expression = parse(text, subject, NOW)
    except InvalidFilter as error:
        message = str(error)
    else:
        message = ""
    assert len(message) < MOST_SHOWN
    if message:
        return None
    literal_keys(expression)
    assert vocabulary(written(expression)) <= OURS[subject], text
    return expression


def timed(text: str, subject: Subject) -> tuple[Expression | None, float]:
    begin = time.thread_time()
    expression = read(text, subject)
    return expression, time.thread_time() - begin


def fuzz(seed: int, count: int) -> tuple[Counter[str], float, str]:
    """Read many texts; return how many of each maker are filters, and the slowest, in seconds of this process."""
    generator = random.Random(seed)  # noqa: S311
    taken: Counter[str] = Counter()
    slowest, of = 0.0, ""
    for _ in range(count):
        make = generator.choice(MAKERS)
        text, subject = make(generator), generator.choice(SUBJECTS)
        expression, seconds = timed(text, subject)
        taken[make.__name__] += expression is not None
        if seconds > slowest:
            # Unless it was the memory's turn to be tidied.
            seconds = min(seconds, timed(text, subject)[1], timed(text, subject)[1])
        if seconds > slowest:
            slowest, of = seconds, text
    return taken, slowest, of


def test_texts_are_read_or_refused() -> None:
    taken, _, _ = fuzz(1, SHORT)
    assert {"mutated", "words", "numbers", "nested", "expressions"} <= set(+taken)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("subject", Subject)
def test_hostile_texts_are_read_or_refused(text: str, subject: Subject) -> None:
    read(text, subject)
    with pytest.raises(InvalidFilter) as caught:
        parse_order([text + "\x01"], subject)
    assert len(str(caught.value)) < MOST_SHOWN


@pytest.mark.campaign
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("part", range(PARTS_OF_CAMPAIGN))
def test_the_parser_campaign(part: int, capsys: pytest.CaptureFixture[str]) -> None:
    seed = random.SystemRandom().randrange(2**32)
    taken, slowest, of = fuzz(seed, CAMPAIGN // PARTS_OF_CAMPAIGN)
    with capsys.disabled():
        print(f"\npart {part}, seed {seed}: {taken.total()} filters; slowest {slowest * 1e3:.1f} ms: {of[:80]!r}")  # noqa: T201
    assert slowest < BOUND, (seed, of)


@pytest.mark.campaign
def test_the_hostile_campaign(capsys: pytest.CaptureFixture[str]) -> None:
    slowest = {}
    for number, text in enumerate(HOSTILE):
        slowest[number] = min(timed(text, Subject.RUNS)[1] for _ in range(3))
    worst = max(slowest, key=lambda number: slowest[number])
    with capsys.disabled():
        print(f"\nthe slowest of hostile texts, {slowest[worst] * 1e3:.1f} ms: {HOSTILE[worst][:60]!r}")  # noqa: T201
    assert slowest[worst] < BOUND


class TestInjection:
    PAYLOADS = (
        "'; DROP TABLE runs; --",
        "' OR '1'='1",
        "x') UNION SELECT name FROM sqlite_master --",
        "\"; ATTACH DATABASE 'x' AS y; --",
        "`; DELETE FROM runs; `",
        "%' AND randomblob(1000000000) AND '%",
        "/**/; VACUUM; --",
    )
    PLACES = (
        "tags.{} = {}",
        "metrics.{} > 1 OR metrics.{}.best > 1 OR metrics.{}.at(1) > 1 OR metrics.{}.first IS NULL",
        "params.{}.number > 1 OR params.{} IN ({}, {}) OR params.{} BETWEEN {} AND {}",
        "tags.{} LIKE {} OR tags.{} NOT ILIKE {}",
        "parent.tags.{} = {} OR child(tags.{} != {} AND metrics.{}.min > 1)",
        "run_name = {} OR run_id IN ({}) OR status >= {} OR dataset.name = {} OR dataset.context != {}",
    )

    @pytest.mark.parametrize("payload", PAYLOADS)
    @pytest.mark.parametrize("quote", ["'", '"', "`"])
    def test_in_every_place_it_is_a_value(
        self, new_store: Callable[[], sqlite3.Connection], payload: str, quote: str
    ) -> None:
        inside = quote + payload.replace(quote, quote * 2) + quote
        with closing(new_store()) as store:
            store.execute("INSERT INTO experiments VALUES (1, 'e', 'active', 0, 0, '')")
            columns = "run_id, experiment_id, run_name, status, start_time"
            store.execute(f"INSERT INTO runs ({columns}) VALUES ('r', 1, '', '', 0)")
            before = list(store.iterdump())
            for place in self.PLACES:
                text = place.replace("{}", inside)
                expression = parse(text, Subject.RUNS)
                condition = where(expression, [DatasetFilter(payload, payload)])
                assert vocabulary(condition.text) <= OURS[Subject.RUNS]
                assert condition.text.count("?") == len(condition.values)
                found = store.execute(f"SELECT * FROM runs WHERE {condition.text}", condition.values).fetchall()
                assert bool(found) == evaluate(expression, Facts({"run_id": "r", "run_name": "", "status": ""}))
            order = order_sql(parse_order([f"tags.{inside} DESC", f"metrics.{inside}.best"], Subject.RUNS))
            assert payload not in order.text
            store.execute(f"SELECT * FROM runs ORDER BY {order.text}", order.values).fetchall()
            assert list(store.iterdump()) == before

    @pytest.mark.parametrize("payload", PAYLOADS)
    def test_without_quotes_it_is_refused_or_a_value_too(self, payload: str) -> None:
        taken = [place for place in self.PLACES if read(place.replace("{}", payload), Subject.RUNS)]
        assert not taken or payload[0] == payload[-1] == "`"
