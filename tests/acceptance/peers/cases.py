"""Searches over MLflow's whole grammar, from a seed: every spelling, operator, quote, order and page size.

Pure. Where MLflow's three grammars differ, each subject's clauses are made by its own words; what they have in common
(pieces of text, numbers as written, spaces, keywords in any case) is made in one place. Some are refused by MLflow.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .worlds import (
    BEGIN,
    CONTEXTS,
    DATASETS,
    KEYS,
    MODEL_METRICS,
    MODEL_NAMES,
    MODEL_TYPES,
    NUMBERS,
    RUN_METRICS,
    RUN_NAMES,
    STATUSES,
    TEXTS,
    USERS,
    VALUES,
    World,
)

SUBJECTS = ("runs", "models", "experiments")
COMPARING = ("=", "!=", "<", "<=", ">", ">=")
PARAM_KEYS = (*KEYS, "lr", "lr", "depth", "fold", "absent")
PARAM_VALUES = (*TEXTS, *NUMBERS, "True", "None", "1e-05", "3")
PLAIN = re.compile(r"\w+")
# How often a clause is one of those that only one of both reads as its writer meant.
ODD = 0.08
# A name that no experiment has, for an ID that none has.
NOWHERE = "nowhere"


@dataclass(frozen=True)
class Case:
    """One search, read to its last page; experiments go by their names, None means all of them.

    In a filter `<name>` stands for the ID of the experiment of that name.
    """

    subject: str
    filter: str = ""
    order_by: Sequence[str | Mapping[str, Any]] = ()
    experiments: Sequence[str] | None = None
    datasets: Sequence[Mapping[str, str]] = ()
    max_results: int = 1000


# What chance seldom makes: where known differences lie.
PICKED = (
    Case("runs", "params.opt != 'it''s' AND tags.lr IS NULL"),
    Case("runs", "dataset.name NOT IN ('a\\nb', 'val')", ["end_time DESC"]),
    Case("models", 'params.lr = "0.1"'),
    Case("models", 'params.lr != "0.1" AND name LIKE "%e%"', max_results=2),
    *(Case("models", f"tags.{key} NOT IN ('a\\nb', 'sgd')") for key in ("lr", "opt", "group", "größe")),
    Case("models", "params.lr = 0.1", [{"field_name": "name"}]),
    Case("models", "metrics.odd != 0", [{"field_name": "metrics.odd", "ascending": False}]),
    Case("models", "status NOT IN ('PENDING')", max_results=3),
    Case("models", "metrics.odd <= 0", [{"field_name": "metrics.odd"}], datasets=[{"dataset_name": "val"}] * 2),
)


def make_cases(seed: object, subject: str, world: World, count: int) -> list[Case]:
    """Make so many searches of one subject."""
    dice = random.Random(f"cases/{seed}/{subject}")  # noqa: S311  # no secret
    makers = {"runs": _Runs, "models": _Models, "experiments": _Experiments}
    maker = makers[subject](dice, world)
    return [maker.case() for _ in range(count)]


class _Maker:
    """What the three subjects have in common."""

    subject = ""
    # Quotes around a text, and around a key.
    quotes: tuple[str, ...] = ("'", "'", '"')
    key_quotes: tuple[str, ...] = ("`", "`", '"', "'")
    lower = True

    def __init__(self, dice: random.Random, world: World) -> None:
        self.dice = dice
        self.world = world

    def case(self) -> Case:
        orders = [self.order() for _ in range(self.dice.choice((0, 1, 1, 1, 2, 3)))]
        size = self.dice.choice((1, 2, 3, 5, 7, 1000, 1000))
        return Case(self.subject, self.filter(), orders, self.scope(), self.datasets(), size)

    def filter(self) -> str:
        """Write clauses, joined by AND; MLflow takes one at the end too."""
        clauses = [self.clause() for _ in range(self.dice.choice((0, 1, 1, 1, 1, 2, 2, 3)))]
        ending = self.space() + self.word("AND") if clauses and self.dice.random() < 0.03 else ""
        return f"{self.space()}{self.word('AND')}{self.space()}".join(clauses) + ending

    def clause(self) -> str:
        raise NotImplementedError

    def order(self) -> str | dict[str, Any]:
        raise NotImplementedError

    def scope(self) -> list[str] | None:
        if self.dice.random() < 0.6:
            return None
        names = [experiment.name for experiment in self.world.experiments]
        return self.dice.sample(names, self.dice.randrange(4)) + [NOWHERE] * (self.dice.random() < 0.1)

    def datasets(self) -> list[dict[str, str]]:
        return []

    # --- pieces of text

    def space(self) -> str:
        return self.dice.choice((" ", " ", " ", "  ", "\n", "\t"))

    def word(self, word: str) -> str:
        return self.dice.choice((word, word, word.lower(), word.capitalize())) if self.lower else word

    def text(self, text: str) -> str:
        fitting = [quote for quote in self.quotes if quote not in text]
        # There is no way to write a text with both quotes in MLflow; ours doubles them.
        quote = self.dice.choice(fitting or self.quotes)
        return f"{quote}{text}{quote}"

    def member(self, text: str) -> str:
        """Write a text of a list."""
        return self.text(text)

    def key(self, key: str) -> str:
        if PLAIN.fullmatch(key) and self.dice.random() < 0.6:
            return key
        quote = self.dice.choice(self.key_quotes)
        return f"{quote}{key}{quote}"

    def number(self, value: float) -> str:
        written = self.dice.choice((repr(value), repr(value), f"{value:e}", f"{value:.3f}", f"{value:G}"))
        # MLflow knows no plus sign.
        return written.replace("+", "")

    def whole(self, value: int) -> str:
        return self.dice.choice((str(value), str(value), f"{value}.0"))

    def time(self) -> str:
        return self.whole(BEGIN + self.dice.randrange(-1, 60))

    def pattern(self, text: str) -> str:
        """Make a pattern that may fit a text: pieces of it become wildcards."""
        letters = [self.dice.choice((each, each, each, "_", "%")) for each in text]
        return self.dice.choice(("", "%")) + "".join(letters) + self.dice.choice(("", "%", "%"))

    def listed(self, texts: Sequence[str]) -> str:
        written = self.dice.choice((", ", ",")).join(self.member(text) for text in texts)
        # MLflow reads a list as Python does.
        ending = "," if len(texts) == 1 and self.dice.random() < 0.3 else ""
        return f"({written}{ending})"

    def compared(self, field: str, value: str) -> str:
        between = self.dice.choice((" ", " ", " ", "", "\n"))
        return f"{field}{between}{self.dice.choice(COMPARING)}{between}{value}"

    def texts(self, field: str, values: Sequence[str], operators: Sequence[str]) -> str:
        """Compare a text by one of some operators."""
        operator = self.dice.choice(operators)
        value = self.dice.choice(values)
        if operator in {"=", "!="}:
            between = self.dice.choice((" ", " ", ""))
            return f"{field}{between}{operator}{between}{self.text(value)}"
        if operator.startswith("IS"):
            return f"{field} {self.word(operator)}"
        if operator.endswith("LIKE"):
            swapped = value.swapcase() if operator == "ILIKE" and self.dice.random() < 0.5 else value
            return f"{field} {self.word(operator)} {self.text(self.pattern(swapped))}"
        return f"{field} {self.word(operator)} {self.listed(self.dice.choices(values, k=self.dice.randrange(1, 4)))}"


class _Runs(_Maker):
    subject = "runs"

    def clause(self) -> str:
        if self.dice.random() < ODD:
            return self.dice.choice((self.doubled, self.place))()
        makers: list[Callable[[], str]] = [self.metric, self.metric, self.keyed, self.keyed, self.attribute]
        return self.dice.choice([*makers, self.attribute, self.numeric, self.dataset])()

    def doubled(self) -> str:
        """Write a quote twice within quotes: to MLflow it stays two."""
        return f"params.{self.dice.choice(('opt', 'group'))} {self.dice.choice(('=', '!='))} 'it''s'"

    def place(self) -> str:
        run = self.dice.choice(self.world.runs)
        return f"artifact_uri {self.word('LIKE')} '%{self.dice.choice(('', f'/{run.run_id}'))}/artifacts'"

    def metric(self) -> str:
        entity = self.dice.choice(("metrics", "metrics", "metric"))
        value = self.dice.choice(VALUES) + self.dice.choice((0, 0, 0.1))
        return self.compared(f"{entity}.{self.key(self.dice.choice((*RUN_METRICS, 'absent')))}", self.number(value))

    def keyed(self) -> str:
        entity = self.dice.choice(("params", "params", "param", "parameter", "parameters", "tags", "tags", "tag"))
        field = f"{entity}.{self.key(self.dice.choice(PARAM_KEYS))}"
        operators = ("=", "=", "!=", "LIKE", "ILIKE", "IS NULL", "IS NOT NULL")
        return self.texts(field, PARAM_VALUES, operators)

    def attribute(self) -> str:
        prefix = self.dice.choice(("", "", "attributes.", "attribute.", "attr.", "run."))
        runs = self.world.runs
        ids = [run.run_id for run in runs]
        values: dict[str, Sequence[str]] = {
            "run_id": ids,
            "run_name": RUN_NAMES,
            "`Run name`": RUN_NAMES,
            '"Run Name"': RUN_NAMES,
            "`run name`": RUN_NAMES,
            "status": STATUSES,
            "user_id": USERS,
            "tags.mlflow.runName": RUN_NAMES,
            "tags.`mlflow.parentRunId`": ids,
            "tags.mlflow.user": USERS,
        }
        name = self.dice.choice(list(values))
        lists = ("IN", "NOT IN", "IN") if name == "run_id" else ()
        field = name if name.startswith("tags.") else f"{prefix}{name}"
        return self.texts(field, values[name], ("=", "!=", "LIKE", "ILIKE", *lists))

    def numeric(self) -> str:
        name = self.dice.choice(("start_time", "end_time", "created", "Created"))
        return self.compared(self.dice.choice(("", "attributes.", "run.")) + name, self.time())

    def dataset(self) -> str:
        part = self.dice.choice(("name", "digest", "context"))
        values = {"name": [n for n, _ in DATASETS], "digest": [d for _, d in DATASETS], "context": CONTEXTS}[part]
        operators = ("=", "!=", "LIKE", "ILIKE", "IN", "NOT IN")
        return self.texts(f"{self.dice.choice(('dataset', 'datasets'))}.{part}", values, operators)

    def order(self) -> str:
        dice = self.dice
        metric = f"{dice.choice(('metrics', 'metric'))}.{self.key(dice.choice((*RUN_METRICS, 'absent')))}"
        keyed = f"{dice.choice(('params', 'param', 'tags', 'tag'))}.{self.key(dice.choice(PARAM_KEYS))}"
        names = (
            "start_time",
            "end_time",
            "created",
            "status",
            "run_name",
            "run_id",
            "user_id",
            "attributes.start_time",
        )
        field = dice.choice((metric, metric, keyed, dice.choice((*names, "tags.mlflow.runName"))))
        return field + dice.choice(("", " ASC", " DESC", " desc", " asc", "  DESC"))


class _Models(_Maker):
    subject = "models"
    key_quotes = ("`",)

    def text(self, text: str) -> str:
        """Write a text; here MLflow has no way to write one with a quote in it."""
        return "'" + text.replace("'", "") + "'"

    def member(self, text: str) -> str:
        return super().text(text)

    def clause(self) -> str:
        if self.dice.random() < ODD:
            return self.dice.choice((self.in_double_quotes, self.unquoted))()
        makers: list[Callable[[], str]] = [self.metric, self.metric, self.keyed, self.keyed, self.attribute]
        return self.dice.choice([*makers, self.numeric])()

    def in_double_quotes(self) -> str:
        """Write a text as MLflow's other searches take it; here they keep the quotes."""
        return (
            f'params.{self.dice.choice(KEYS[:2])} {self.dice.choice(("=", "!=", "LIKE"))} "{self.dice.choice(NUMBERS)}"'
        )

    def unquoted(self) -> str:
        """Write a text without quotes; a number too is a text to MLflow."""
        field = f"{self.dice.choice(('params', 'params', 'tags'))}.{self.dice.choice(KEYS[:2])}"
        return f"{field} {self.dice.choice(('=', '!='))} {self.dice.choice(('0.1', '0.10', '1e-1', '10', 'adam'))}"

    def metric(self) -> str:
        value = self.dice.choice(VALUES) + self.dice.choice((0, 0, 0.1))
        return self.compared(f"metrics.{self.key(self.dice.choice((*MODEL_METRICS, 'absent')))}", self.number(value))

    def keyed(self) -> str:
        field = f"{self.dice.choice(('params', 'params', 'tags'))}.{self.key(self.dice.choice(PARAM_KEYS))}"
        return self.texts(field, PARAM_VALUES, ("=", "=", "!=", "LIKE", "ILIKE", "IN", "NOT IN"))

    def attribute(self) -> str:
        models = self.world.models
        values: dict[str, Sequence[str]] = {
            "model_id": [model.model_id for model in models],
            "name": MODEL_NAMES,
            "model_type": MODEL_TYPES,
            "source_run_id": [model.run_id for model in models],
            "status": ("READY", "PENDING"),
        }
        name = self.dice.choice(("model_id", "name", "name", "model_type", "model_type", "source_run_id", "status"))
        field = self.dice.choice(("", "", "attributes.")) + self.dice.choice((name, name, f"`{name}`"))
        return self.texts(field, values[name], ("=", "=", "!=", "LIKE", "ILIKE", "IN", "NOT IN"))

    def numeric(self) -> str:
        names = ("creation_timestamp", "creation_time", "creation_timestamp_ms", "last_updated_timestamp")
        name = self.dice.choice((*names, "last_updated_timestamp_ms", "attributes.creation_timestamp_ms"))
        return self.compared(name, self.time())

    def datasets(self) -> list[dict[str, str]]:
        if self.dice.random() < 0.6:
            return []
        return [self.measured_on() for _ in range(self.dice.choice((1, 1, 2, 3)))]

    def measured_on(self) -> dict[str, str]:
        name, digest = self.dice.choice(DATASETS)
        return {"dataset_name": name, "dataset_digest": digest} if self.dice.random() < 0.6 else {"dataset_name": name}

    def order(self) -> dict[str, Any]:
        dice = self.dice
        ascending = dice.choice(({}, {"ascending": True}, {"ascending": False}, {"ascending": False}))
        if dice.random() < 0.7:
            on = self.measured_on() if dice.random() < 0.5 else {}
            return {"field_name": f"metrics.{dice.choice((*MODEL_METRICS, 'absent'))}", **on, **ascending}
        names = ("name", "model_type", "status", "source_run_id", "model_id", "creation_timestamp", "creation_time")
        more = ("creation_timestamp_ms", "last_updated_timestamp", "last_updated_timestamp_ms")
        return {"field_name": dice.choice((*names, *more)), **ascending}


class _Experiments(_Maker):
    subject = "experiments"
    lower = False

    def clause(self) -> str:
        return self.dice.choice((self.name, self.numeric, self.identity, self.tag, self.tag))()

    def names(self) -> list[str]:
        return [experiment.name for experiment in self.world.experiments]

    def name(self) -> str:
        field = self.dice.choice(("name", "attribute.name", "`name`"))
        return self.texts(field, self.names(), ("=", "!=", "LIKE", "ILIKE"))

    def numeric(self) -> str:
        name = self.dice.choice(("creation_time", "last_update_time"))
        time = BEGIN + self.dice.randrange(-1, 60)
        return self.compared(self.dice.choice(("", "attribute.")) + name, str(time))

    def identity(self) -> str:
        return self.texts("experiment_id", [f"<{name}>" for name in self.names()], ("=", "!=", "IN", "NOT IN"))

    def tag(self) -> str:
        field = f"{self.dice.choice(('tags', 'tag'))}.{self.key(self.dice.choice((*KEYS, 'absent')))}"
        return self.texts(field, TEXTS, ("=", "=", "!=", "LIKE", "ILIKE", "IS NULL", "IS NOT NULL"))

    def scope(self) -> list[str] | None:
        return None

    def order(self) -> str:
        name = self.dice.choice(("name", "experiment_id", "creation_time", "last_update_time", "attribute.name"))
        return name + self.dice.choice(("", " ASC", " DESC", " desc"))
