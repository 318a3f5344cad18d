"""From text to tree.

    filter  = [ either [ AND ] ]              nothing at all holds for everything
    either  = both { OR both }
    both    = one { AND one }
    one     = NOT one | "(" either ")" | clause
    clause  = field IS [ NOT ] NULL
            | field [ NOT ] ( LIKE | ILIKE ) text
            | field [ NOT ] BETWEEN value AND value
            | field [ NOT ] IN "(" value { "," value } [ "," ] ")"
            | field ( "=" | "==" | "!=" | "<>" | "<" | "<=" | ">" | ">=" ) value
    field   = [ entity "." ] key              without an entity it is an attribute
    value   = number | word | quoted text     see tokens.py for how they are written

Keywords and entities may be written in any case. The AND that may end a filter is MLflow's.
"""

from __future__ import annotations

from collections.abc import Callable

from .names import read_field
from .tokens import Cursor
from .tree import (
    Comparison,
    Expression,
    Field,
    Missing,
    Node,
    Operator,
    Subject,
    Value,
    conjunction,
    depth,
    disjunction,
    opposite,
)
from .values import read_value
from .vocabulary import MATCHING, Kind, kind_of

# Parentheses and NOTs around one another as written; a bound for Python's stack.
MAX_NESTING = 100
# AND and OR in one another, once needless parentheses are gone. SQLite's parser remembers at most 100 things (before
# 3.46), of which a comparison itself and the query around the filter need their part.
MAX_DEPTH = 40
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
}


def parse(text: str, subject: Subject) -> Expression:
    """Read a filter of runs, logged models or experiments; blank text holds for everything.

    Raises:
        InvalidFilter: The text is not a filter, or compares a field with what does not fit it.
    """
    return Expression(subject, _Parser(text, subject).filter())


class _Parser:
    def __init__(self, text: str, subject: Subject) -> None:
        self._cursor = Cursor(text)
        self._subject = subject
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
            self._cursor.fail(f"AND and OR are nested too deep: {found} levels, and at most {MAX_DEPTH} fit", 0)
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
        return self._clause()

    def _nested(self, position: int, read: Callable[[], Node]) -> Node:
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            self._cursor.fail(f"nested more than {MAX_NESTING} levels deep", position)
        node = read()
        self._nesting -= 1
        return node

    def _clause(self) -> Node:
        self._count_comparison()
        field = read_field(self._cursor, self._subject)
        if self._cursor.took_word("is"):
            return self._missing(field)
        negated = self._cursor.took_word("not")
        for operator in (Operator.LIKE, Operator.ILIKE, Operator.BETWEEN, Operator.IN):
            if self._cursor.at_word(operator.lower()):
                return self._comparison(field, operator, negated=negated)
        if negated or self._cursor.token.text not in COMPARISONS:
            self._cursor.fail(f"expected {self._known_operators(field)}, found {self._cursor.token.shown}")
        operator, negated = COMPARISONS[self._cursor.token.text]
        return self._comparison(field, operator, negated=negated)

    def _count_comparison(self) -> None:
        self._comparisons += 1
        if self._comparisons > MAX_COMPARISONS:
            self._cursor.fail(f"more than {MAX_COMPARISONS} comparisons; IN takes many values in one")

    def _missing(self, field: Field) -> Node:
        present = self._cursor.took_word("not")
        self._cursor.expect_word("null")
        return opposite(Missing(field)) if present else Missing(field)

    def _comparison(self, field: Field, operator: Operator, *, negated: bool) -> Node:
        kind = kind_of(self._subject, field)
        if kind is Kind.NUMBER and operator in MATCHING:
            self._cursor.fail(f"{operator} compares texts, and {field.key!r} is a number")
        self._cursor.take()
        return Comparison(field, operator, tuple(self._operands(kind, operator)), negated)

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
            self._cursor.fail(f"more than {MAX_VALUES} values")
        position = self._cursor.token.position
        value = read_value(self._cursor, kind, operator)
        if before and isinstance(value, str) is not isinstance(before[0], str):
            self._cursor.fail("numbers and texts cannot be mixed: quote all of them or none", position)
        before.append(value)

    def _known_operators(self, field: Field) -> str:
        texts = "" if kind_of(self._subject, field) is Kind.NUMBER else "LIKE, ILIKE, "
        return f"an operator (=, !=, <, <=, >, >=, {texts}IN, BETWEEN, IS NULL)"
