"""The filter language: text to tree, and the tree to Python's answer or to SQL; orders and page tokens.

It is a superset of MLflow's: see `parser` for the grammar, `evaluate` for the meaning.
"""

from __future__ import annotations

from .evaluate import evaluate
from .facts import Facts, Input, Point
from .order import Order, parse_order
from .ordered import ordered
from .pages import decode_token, encode_token, fingerprint
from .parser import parse
from .regular import found as regexp
from .schema import Sql, known_keys
from .settle import literal_keys, resolve
from .sql import where
from .sql_order import order_sql
from .tree import DatasetFilter, Expression, Relative, Subject, conjuncts
from .values import as_number

__all__ = [
    "DatasetFilter",
    "Expression",
    "Facts",
    "Input",
    "Order",
    "Point",
    "Relative",
    "Sql",
    "Subject",
    "as_number",
    "conjuncts",
    "decode_token",
    "encode_token",
    "evaluate",
    "fingerprint",
    "known_keys",
    "literal_keys",
    "order_sql",
    "ordered",
    "parse",
    "parse_order",
    "regexp",
    "resolve",
    "where",
]
