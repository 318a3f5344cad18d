"""From text to tree.

    filter   = [ either [ AND ] ]             nothing at all holds for everything
    either   = both { OR both }
    both     = one { AND one }
    one      = NOT one | "(" either ")" | relative "(" either ")" | clause
    clause   = field IS [ NOT ] NULL
             | field [ NOT ] ( LIKE | ILIKE | REGEXP ) text
             | field [ NOT ] BETWEEN value AND value
             | field [ NOT ] IN "(" value { "," value } [ "," ] ")"
             | field ( "=" | "==" | "!=" | "<>" | "<" | "<=" | ">" | ">=" ) value
             | field ( "=~" | "!~" ) text     other ways to write REGEXP and NOT REGEXP
    field    = { relative "." } [ entity "." ] key [ "." part ]
    relative = PARENT | CHILD                 of a run; what stands within its parentheses is a filter of runs
             | RUN | PARENT                   of a logged model: its run, and that run's parent
    part     = MIN | MAX | FIRST | LAST | LATEST | BEST | AT "(" step ")"     of a metric
             | NUMBER                         of a param
    value    = number | word | quoted text    see tokens.py for how they are written

Without an entity a key is an attribute. Keywords, entities, relatives and parts may be written in any case. The AND
that may end a filter is MLflow's. `metrics.loss.min` is open until `settle.resolve` has looked for a metric of that
very name.

It is written by hand: one token is always enough to know what follows, so each rule is a method of a few lines, and
each can say in its own words what it expected and where.
"""

from __future__ import annotations

from collections.abc import Callable

from ..errors import InvalidFilter, brief
from .names import Reference, read_reference
from .repairs import with_repair
from .tokens import Cursor, Shape
from .tree import (
    Comparison,
    Entity,
    Expression,
    Field,
    Missing,
    Node,
    Operator,
    Related,
    Relative,
    Subject,
    Value,
    conjunction,
    depth,
    disjunction,
    opposite,
)
from .values import read_value
from .vocabulary import MATCHING, RELATIVES, Kind, kind_of

# Parentheses and NOTs around one another as written; a bound for Python's stack.
MAX_NESTING = 100
# AND, OR and relatives in one another, once needless parentheses are gone. SQLite's parser remembers at most 100 things
# (before 3.46), of which a comparison itself (`best` most of all) and the query around the filter need their part.
MAX_DEPTH = 30
# Each comparison may add a level to SQLite's expression, which may have 1000.
MAX_COMPARISONS = 500
# All values must fit in one statement, which takes 32 766 on SQLite's default settings.
MAX_VALUES = 10_000

COMPARISONS = {
    "=": (Operator.EQUAL, False),
    "==": (Operator.EQUAL, False),
    "!=": (Operator.EQUAL, True),
    "<>": (Operator.EQUAL, True),
    "<": (Operator.LESS, False),
    "<=": (Operator.AT_MOST, False),
    ">": (Operator.GREATER, False),
    ">=": (Operator.AT_LEAST, False),
    "=~": (Operator.REGEXP, False),
    "!~": (Operator.REGEXP, True),
}
WORDS = {
    operator.lower(): operator
    for operator in (Operator.LIKE, Operator.ILIKE, Operator.REGEXP, Operator.BETWEEN, Operator.IN)
}


def parse(text: str, subject: Subject, now: int | None = None) -> Expression:
    """Read a filter of runs, logged models or experiments; blank text holds for everything.

    `now`, in milliseconds since the epoch, is what times such as '2 days ago' count from.

    Raises:
        InvalidFilter: The text is not a filter, or compares a field with what does not fit it; where a small repair
            would make it one, the error shows it.
    """

    def read(written: str) -> Expression:
        return Expression(subject, _Parser(written, subject, now).filter())

    if not text:
        return Expression(subject, None)
    try:
        return read(text)
    except InvalidFilter as error:
        raise with_repair(error, text, subject, read) from None


class _Parser:
    def __init__(self, text: str, subject: Subject, now: int | None) -> None:
        self._cursor = Cursor(text)
        self._subject = subject
        self._now = now
        self._nesting = 0
        self._comparisons = 0
        self._values = 0

    def filter(self) -> Node | None:
        if self._cursor.at_end():
            return None
        root = self._either()
        if not self._cursor.at_end():
            self._cursor.fail(f"expected AND, OR or the end, found {self._cursor.token.shown}")
        found = depth(root)
        if found > MAX_DEPTH:
            problem = f"AND, OR and relatives are nested too deep: {found} levels, and at most {MAX_DEPTH} fit"
            self._cursor.fail_by_size(problem, 0)
        return root

    def _either(self) -> Node:
        nodes = [self._both()]
        while self._cursor.took_word("or"):
            nodes.append(self._both())
        return disjunction(nodes)

    def _both(self) -> Node:
        nodes = [self._one()]
        while self._cursor.took_word("and") and not (self._cursor.at_end() and not self._nesting):
            nodes.append(self._one())
        return conjunction(nodes)

    def _one(self) -> Node:
        opening = self._cursor.token
        if self._cursor.took_word("not"):
            return opposite(self._nested(opening.position, self._one))
        if self._cursor.took_symbol("("):
            node = self._nested(opening.position, self._either)
            self._cursor.expect_symbol(")")
            return node
        if opening.shape is Shape.WORD and (relative := RELATIVES[self._subject].get(opening.text.lower())):
            return self._group(relative)
        return self._clause()

    def _group(self, relative: Relative) -> Node:
        opening, around = self._cursor.take(), self._subject
        self._cursor.expect_symbol("(")
        self._subject = Subject.RUNS
        node = self._nested(opening.position, self._either)
        self._subject = around
        self._cursor.expect_symbol(")")
        return Related(relative, node)

    def _nested(self, position: int, read: Callable[[], Node]) -> Node:
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            self._cursor.fail_by_size(f"nested more than {MAX_NESTING} levels deep", position)
        node = read()
        self._nesting -= 1
        return node

    def _clause(self) -> Node:
        self._count_comparison()
        reference = read_reference(self._cursor, self._subject)
        node = self._missing(reference) if self._cursor.took_word("is") else self._comparison(reference)
        for relative in reversed(reference.relatives):
            node = Related(relative, node)
        return node

    def _count_comparison(self) -> None:
        self._comparisons += 1
        if self._comparisons > MAX_COMPARISONS:
            self._cursor.fail_by_size(f"more than {MAX_COMPARISONS} comparisons; IN takes many values in one")

    def _missing(self, reference: Reference) -> Node:
        present = self._cursor.took_word("not")
        self._cursor.expect_word("null")
        return opposite(Missing(reference.field)) if present else Missing(reference.field)

    def _comparison(self, reference: Reference) -> Node:
        _, subject, field = reference
        kind = kind_of(subject, field)
        operator, negated = self._operator(kind)
        if operator in MATCHING and kind in {Kind.NUMBER, Kind.TIME}:
            self._cursor.fail(f"{operator} compares texts, and {brief(field.key)} is a {kind.name.lower()}")
        self._cursor.take()
        values = tuple(self._operands(kind, operator))
        if kind is Kind.EITHER and field.literal and isinstance(values[0], str):
            # Only the literal param can be compared as a text; its part is a number.
            field = Field(Entity.PARAM, field.literal)
        if subject is Subject.EXPERIMENTS and field.key == "experiment_id":
            values = tuple(map(_numbered, values))
        return Comparison(field, operator, values, negated)

    def _operator(self, kind: Kind) -> tuple[Operator, bool]:
        """Return the operator that stands here, without taking it, and whether it is negated."""
        negated = self._cursor.took_word("not")
        token = self._cursor.token
        if token.shape is Shape.WORD and (operator := WORDS.get(token.text.lower())):
            return operator, negated
        if negated or token.shape is not Shape.SYMBOL or token.text not in COMPARISONS:
            self._cursor.fail(f"expected {_known_operators(kind)}, found {token.shown}")
        return COMPARISONS[token.text]

    def _operands(self, kind: Kind, operator: Operator) -> list[Value]:
        if operator is Operator.IN:
            return self._list(kind)
        values: list[Value] = []
        self._value(kind, operator, values)
        if operator is Operator.BETWEEN:
            self._cursor.expect_word("and")
            self._value(kind, operator, values)
        return values

    def _list(self, kind: Kind) -> list[Value]:
        values: list[Value] = []
        self._cursor.expect_symbol("(")
        self._value(kind, Operator.IN, values)
        while not self._cursor.took_symbol(")"):
            if not self._cursor.took_symbol(","):
                self._cursor.fail(f"expected ',' or ')', found {self._cursor.token.shown}")
            if self._cursor.took_symbol(")"):
                break
            self._value(kind, Operator.IN, values)
        return values

    def _value(self, kind: Kind, operator: Operator, before: list[Value]) -> None:
        self._values += 1
        if self._values > MAX_VALUES:
            self._cursor.fail_by_size(f"more than {MAX_VALUES} values")
        position = self._cursor.token.position
        value = read_value(self._cursor, kind, operator, self._now)
        if before and isinstance(value, str) is not isinstance(before[0], str):
            self._cursor.fail("numbers and texts cannot be mixed: quote all of them or none", position)
        before.append(value)


def _known_operators(kind: Kind) -> str:
    texts = "" if kind in {Kind.NUMBER, Kind.TIME} else "LIKE, ILIKE, REGEXP, "
    return f"an operator (=, !=, <, <=, >, >=, {texts}IN, BETWEEN, IS NULL)"


def _numbered(value: Value) -> Value:
    """Write an experiment's ID as it is kept: to MLflow's search of experiments '03' is 3."""
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        return value.lstrip("0") or "0"
    return value
