"""From a name as written to a field: `metrics.loss.min`, ``tags.`my key` ``, `status`, `parent.params.lr`."""

from __future__ import annotations

import re
from typing import NamedTuple

from ..errors import brief, suggestion
from .tokens import QUOTED, Cursor, Shape, Token, unquote
from .tree import Entity, Field, Part, PartName, Relative, Subject
from .values import whole_number
from .vocabulary import (
    ATTRIBUTES,
    DATASET_KEYS,
    ENTITIES,
    KEYWORDS,
    PARTS,
    RELATIVES,
    TAGS_THAT_ARE_ATTRIBUTES,
    entity_names,
    find_attribute,
    find_entity,
)

PREFIX = re.compile(rf"({QUOTED}|[^.'\"`]*)\.")
QUOTED_KEY = re.compile(rf"({QUOTED})(?:\.(.*))?", re.DOTALL)
AT = re.compile(r"(.+)\.at\(\s*([+-]?[0-9]{1,18})\s*\)", re.DOTALL | re.IGNORECASE)
AT_KEY = re.compile(r".+\.at", re.DOTALL | re.IGNORECASE)
# More than fit into one another in SQL; a bound for Python's stack.
MAX_RELATIVES = 10
LONGEST_HINT = 40
QUOTES = frozenset("'\"`")


class Reference(NamedTuple):
    """A field, and how to come to it: from relative to relative, the last of which (or the searched) is `subject`."""

    relatives: tuple[Relative, ...]
    subject: Subject
    field: Field


class _Rest(NamedTuple):
    """What is left to read of a name, and where it stands in the text."""

    text: str
    position: int

    def after(self, count: int) -> _Rest:
        return _Rest(self.text[count:], self.position + count)


def read_reference(cursor: Cursor, subject: Subject) -> Reference:
    """Take a name from the cursor and say which field it is."""
    token = cursor.token
    if token.shape not in {Shape.WORD, Shape.DOTTED, Shape.QUOTED} or _is_keyword(token):
        cursor.fail(f"expected a field such as {_example(subject)}, found {token.shown}")
    cursor.take()
    rest = _Rest(token.text, token.position)
    prefix = None if token.shape is Shape.QUOTED else PREFIX.match(rest.text)
    relatives: tuple[Relative, ...] = ()
    while prefix and (relative := RELATIVES[subject].get(prefix[1].lower())):
        relatives, subject = (*relatives, relative), Subject.RUNS
        if len(relatives) > MAX_RELATIVES:
            cursor.fail_by_size(f"more than {MAX_RELATIVES} relatives of one another", rest.position)
        rest = rest.after(prefix.end())
        prefix = PREFIX.match(rest.text)
    return Reference(relatives, subject, _field(cursor, subject, rest, prefix))


def open_field(entity: Entity, written: str) -> Field:
    """Return the field of a key without quotes, which is open if it ends in the name of a part."""
    at = AT.fullmatch(written) if entity is Entity.METRIC else None
    if at:
        return Field(entity, at[1], Part(PartName.AT, int(at[2])), literal=written)
    head, _, last = written.rpartition(".")
    name = PARTS.get(entity, {}).get(last.lower()) if head else None
    # Without its step, `at` is the end of a key like any other.
    if name is None or name is PartName.AT:
        return Field(entity, written)
    return Field(entity, head, Part(name), literal=written)


def _is_keyword(token: Token) -> bool:
    return token.shape is Shape.WORD and token.text.lower() in KEYWORDS


def _example(subject: Subject) -> str:
    return "metrics.accuracy or status" if Entity.METRIC in ENTITIES[subject] else "name"


def _field(cursor: Cursor, subject: Subject, rest: _Rest, prefix: re.Match[str] | None) -> Field:
    if prefix is None:
        return _attribute(cursor, subject, unquote(rest.text), rest.position)
    entity = _entity(cursor, subject, unquote(prefix[1]), rest.position)
    rest = rest.after(prefix.end())
    if not rest.text:
        cursor.fail(f"{entity} need a key: {entity}.NAME", rest.position)
    if rest.text[0] in QUOTES:
        return _quoted(cursor, subject, entity, rest)
    if not QUOTES.isdisjoint(rest.text):
        cursor.fail("quote the whole key, or none of it", rest.position)
    if entity is Entity.METRIC and cursor.at_symbol("(") and AT_KEY.fullmatch(rest.text):
        return _at(cursor, rest.text[: -len(".at")])
    if entity in PARTS:
        return open_field(entity, rest.text)
    return _plain(cursor, subject, entity, rest.text, rest.position)


def _quoted(cursor: Cursor, subject: Subject, entity: Entity, rest: _Rest) -> Field:
    match = QUOTED_KEY.fullmatch(rest.text)
    if match is None:
        cursor.fail("quote the whole key, or none of it", rest.position)
    key, word = unquote(match[1]), match[2]
    if not key:
        cursor.fail(f"{entity} need a key: {entity}.NAME", rest.position)
    if word is None:
        return _plain(cursor, subject, entity, key, rest.position)
    parts = PARTS.get(entity, {})
    name = parts.get(word.lower())
    if name is None:
        known = suggestion(word, parts) if parts else f"; {entity} have none"
        cursor.fail(f"unknown part {brief(word)}{known}", rest.position + match.start(2))
    return _at(cursor, key) if name is PartName.AT else Field(entity, key, Part(name))


def _at(cursor: Cursor, key: str) -> Field:
    cursor.expect_symbol("(")
    step = whole_number(cursor.token)
    if step is None:
        cursor.fail(f"expected a step, a whole number as in at(100), found {cursor.token.shown}")
    cursor.take()
    cursor.expect_symbol(")")
    return Field(Entity.METRIC, key, Part(PartName.AT, step))


def _plain(cursor: Cursor, subject: Subject, entity: Entity, key: str, position: int) -> Field:
    if entity is Entity.ATTRIBUTE:
        return _attribute(cursor, subject, key, position)
    if entity is Entity.TAG and key in TAGS_THAT_ARE_ATTRIBUTES[subject]:
        return Field(Entity.ATTRIBUTE, TAGS_THAT_ARE_ATTRIBUTES[subject][key])
    if entity is Entity.DATASET and key not in DATASET_KEYS[subject]:
        cursor.fail(f"unknown part of a dataset {brief(key)}{suggestion(key, DATASET_KEYS[subject])}", position)
    return Field(entity, key)


def _entity(cursor: Cursor, subject: Subject, word: str, position: int) -> Entity:
    entity = find_entity(subject, word)
    if entity is None:
        cursor.fail(f"unknown entity {brief(word)}{suggestion(word, entity_names(subject))}", position)
    return entity


def _attribute(cursor: Cursor, subject: Subject, word: str, position: int) -> Field:
    name = find_attribute(subject, word)
    if name is None:
        known = suggestion(word, ATTRIBUTES[subject])
        cursor.fail(f"unknown attribute {brief(word)}{known}{_hint(subject, word)}", position)
    return Field(Entity.ATTRIBUTE, name)


def _hint(subject: Subject, word: str) -> str:
    families = [entity for entity in (Entity.METRIC, Entity.PARAM, Entity.TAG) if entity in ENTITIES[subject]]
    if len(word) > LONGEST_HINT:
        return ""
    return f" (or write {' or '.join(f'{entity}.{word}' for entity in families)})"
