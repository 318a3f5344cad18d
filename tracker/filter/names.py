"""From a name as written to a field: `metrics.accuracy`, ``tags.`my key` ``, `status`, `"Run name"`."""

from __future__ import annotations

import re

from ..errors import suggestion
from .tokens import QUOTED, Cursor, Shape, Token, unquote
from .tree import Entity, Field, Subject
from .vocabulary import (
    ATTRIBUTES,
    DATASET_KEYS,
    ENTITIES,
    KEYWORDS,
    TAGS_THAT_ARE_ATTRIBUTES,
    entity_names,
    find_attribute,
    find_entity,
)

PREFIX = re.compile(rf"({QUOTED}|[^.]*)\.")


def read_field(cursor: Cursor, subject: Subject) -> Field:
    """Take a name from the cursor and say which field it is."""
    token = cursor.token
    if token.shape not in {Shape.WORD, Shape.DOTTED, Shape.QUOTED} or _is_keyword(token):
        cursor.fail(f"expected a field such as {_example(subject)}, found {token.shown}")
    cursor.take()
    prefix = None if token.shape is Shape.QUOTED else PREFIX.match(token.text)
    if prefix is None:
        return _attribute(cursor, subject, unquote(token.text), token.position)
    entity = _entity(cursor, subject, unquote(prefix[1]), token.position)
    return _field(cursor, subject, entity, unquote(token.text[prefix.end() :]), token.position + prefix.end())


def _is_keyword(token: Token) -> bool:
    return token.shape is Shape.WORD and token.text.lower() in KEYWORDS


def _example(subject: Subject) -> str:
    return "name" if subject is Subject.EXPERIMENTS else "metrics.accuracy or status"


def _entity(cursor: Cursor, subject: Subject, word: str, position: int) -> Entity:
    entity = find_entity(subject, word)
    if entity is None:
        cursor.fail(f"unknown entity {word!r}{suggestion(word, entity_names(subject))}", position)
    return entity


def _field(cursor: Cursor, subject: Subject, entity: Entity, key: str, position: int) -> Field:
    if not key:
        cursor.fail(f"{entity} need a key: {entity}.NAME", position)
    if entity is Entity.ATTRIBUTE:
        return _attribute(cursor, subject, key, position)
    if entity is Entity.TAG and key in TAGS_THAT_ARE_ATTRIBUTES[subject]:
        return Field(Entity.ATTRIBUTE, TAGS_THAT_ARE_ATTRIBUTES[subject][key])
    if entity is Entity.DATASET and key not in DATASET_KEYS[subject]:
        cursor.fail(f"unknown part of a dataset {key!r}{suggestion(key, DATASET_KEYS[subject])}", position)
    return Field(entity, key)


def _attribute(cursor: Cursor, subject: Subject, word: str, position: int) -> Field:
    name = find_attribute(subject, word)
    if name is None:
        known = suggestion(word, ATTRIBUTES[subject])
        cursor.fail(f"unknown attribute {word!r}{known}{_hint(subject, word)}", position)
    return Field(Entity.ATTRIBUTE, name)


def _hint(subject: Subject, word: str) -> str:
    families = [entity for entity in (Entity.METRIC, Entity.PARAM, Entity.TAG) if entity in ENTITIES[subject]]
    return f" (or write {' or '.join(f'{entity}.{word}' for entity in families)})"
