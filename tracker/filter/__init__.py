"""The filter language: text to tree, and the tree to Python's answer or to SQL; orders and page tokens.

It is a superset of MLflow's: see `parser` for the grammar, `evaluate` for the meaning.
"""

from __future__ import annotations

from .drivers import drivers
from .evaluate import evaluate
from .facts import Facts, Input, Point
from .order import Order, Term, parse_order
from .ordered import ordered
from .pages import Place, decode_token, encode_token, fingerprint
from .parser import parse
from .regular import found as regexp
from .schema import Sql, joined, known_keys
from .settle import literal_keys, resolve
from .sql import where
from .sql_order import MISSING, NAN, NUMBER, Key, behind, order_by, order_keys, order_sql
from .tree import DatasetFilter, Entity, Expression, PartName, Relative, Subject, conjuncts
from .values import as_number
from .vocabulary import TAGS_THAT_ARE_ATTRIBUTES, goal_tag

__all__ = [
    "MISSING",
    "NAN",
    "NUMBER",
    "TAGS_THAT_ARE_ATTRIBUTES",
    "DatasetFilter",
    "Entity",
    "Expression",
    "Facts",
    "Input",
    "Key",
    "Order",
    "PartName",
    "Place",
    "Point",
    "Relative",
    "Sql",
    "Subject",
    "Term",
    "as_number",
    "behind",
    "conjuncts",
    "decode_token",
    "drivers",
    "encode_token",
    "evaluate",
    "fingerprint",
    "goal_tag",
    "joined",
    "known_keys",
    "literal_keys",
    "order_by",
    "order_keys",
    "order_sql",
    "ordered",
    "parse",
    "parse_order",
    "regexp",
    "resolve",
    "where",
]
