"""Values: what counts as a number, and what a token means beside a field of a given kind."""

from __future__ import annotations

import math
import re

from ..errors import brief
from .regular import problem_of
from .times import is_relative, iso_time, relative_time
from .tokens import Cursor, Shape, Token, unquote
from .tree import Operator, Value
from .vocabulary import KEYWORDS, MATCHING, ORDERING, Kind

INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
INFINITY = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)
# SQLite refuses patterns of more than 50 000 bytes, and escaping makes one character up to twelve.
MAX_PATTERN = 4_000
A_TIME = "a time ('2024-05-01', '2024-05-01T12:30:00+02:00', '2 days ago', or milliseconds without quotes)"


def as_number(value: object) -> float | None:
    """Return a param's value as a number where it is one; the rule that the store and the filter share.

    Whole and floating numbers are; a text is if `float` reads it and it has no underscore. What is not finite is
    not, and neither is a bool.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and "_" in value:
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def read_value(cursor: Cursor, kind: Kind, operator: Operator, now: int | None = None) -> Value:
    """Take a value that fits a kind of field and an operator; `now` (ms) is what relative times count from."""
    token = cursor.token
    if not _is_value(token):
        cursor.fail(f"expected {_wanted(kind, operator)}, found {token.shown}")
    value = _value(cursor, token, kind, operator, now)
    cursor.take()
    return value


def whole_number(token: Token) -> int | None:
    """Return the whole number that a token is, if it is one that fits in SQLite's 64 bits for sure."""
    is_whole = token.shape is Shape.NUMBER and INTEGER.fullmatch(token.text) is not None
    return int(token.text) if is_whole else None


def _is_value(token: Token) -> bool:
    if token.shape is Shape.WORD:
        return token.text.lower() not in KEYWORDS
    return token.shape in {Shape.NUMBER, Shape.QUOTED, Shape.DOTTED}


def _wanted(kind: Kind, operator: Operator) -> str:
    match kind:
        case Kind.NUMBER:
            return "a number"
        case Kind.TIME:
            return A_TIME
        case Kind.EITHER if operator not in MATCHING:
            return "a number or a quoted text"
        case _:
            return "a quoted text"


def _value(cursor: Cursor, token: Token, kind: Kind, operator: Operator, now: int | None) -> Value:
    if kind is Kind.TIME and token.shape is not Shape.NUMBER:
        return _time(cursor, unquote(token.text), now)
    if kind in {Kind.NUMBER, Kind.TIME} or (kind is Kind.EITHER and operator not in MATCHING and _is_number(token)):
        return _number(cursor, token)
    text = unquote(token.text)
    if operator in MATCHING:
        _check_pattern(cursor, text, operator)
    # MLflow takes words without quotes for texts, and so do we; but an unquoted `< 10` is meant as a number.
    if operator in ORDERING and token.shape is not Shape.QUOTED:
        cursor.fail(f"{operator} compares with a quoted text here: write '{text[:40]}'")
    return text


def _check_pattern(cursor: Cursor, text: str, operator: Operator) -> None:
    if len(text) > MAX_PATTERN:
        cursor.fail_by_size(f"a pattern has at most {MAX_PATTERN} characters, this one {len(text)}")
    if operator is Operator.REGEXP and (problem := problem_of(text)):
        cursor.fail(f"not a regular expression: {problem}")


def _time(cursor: Cursor, text: str, now: int | None) -> int:
    if is_relative(text):
        if now is None:
            cursor.fail(f"{brief(text)} counts from now, and no time of day was given here: write a date")
        return relative_time(text, now)
    if as_number(text) is not None:
        cursor.fail(f"this compares with a time: write {text[:40]} without quotes if it is milliseconds, or a date")
    found = iso_time(text)
    if found is None:
        cursor.fail(f"expected {A_TIME}, found {brief(text)}")
    return found


def _is_number(token: Token) -> bool:
    if token.shape is Shape.WORD:
        return INFINITY.fullmatch(token.text) is not None
    return token.shape is Shape.NUMBER


def _number(cursor: Cursor, token: Token) -> int | float:
    if token.shape is Shape.QUOTED and as_number(unquote(token.text)) is not None:
        cursor.fail(f"this compares with a number: write {unquote(token.text)[:40]} without quotes")
    if not _is_number(token):
        cursor.fail(f"expected a number, found {token.shown}")
    # Integers of 19 digits and more may not fit in SQLite's 64 bits.
    return int(token.text) if INTEGER.fullmatch(token.text) else float(token.text)
