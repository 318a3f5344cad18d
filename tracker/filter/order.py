"""What to sort by: read from texts ("metrics.accuracy DESC") or from MLflow's mappings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NoReturn

from ..errors import FilterTooLarge, InvalidFilter, suggestion
from .names import open_field, read_reference
from .repairs import with_repair
from .tokens import Cursor
from .tree import DatasetFilter, Entity, Field, Subject

MAX_TERMS = 50
SHOWN_OF_ENTRY = 200
MAPPING_KEYS = ("ascending", "dataset_digest", "dataset_name", "field_name")


@dataclass(frozen=True, slots=True)
class Term:
    """One thing to sort by; of a model's metric, what was measured on `dataset` if that is given."""

    field: Field
    ascending: bool = True
    dataset: DatasetFilter | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """What to sort by, the first term first; the last terms are a subject's own and leave no ties."""

    subject: Subject
    terms: tuple[Term, ...]


def _attribute(name: str, *, ascending: bool) -> Term:
    return Term(Field(Entity.ATTRIBUTE, name), ascending)


DEFAULTS: Mapping[Subject, tuple[Term, ...]] = {
    Subject.RUNS: (_attribute("start_time", ascending=False), _attribute("run_id", ascending=True)),
    Subject.MODELS: (_attribute("creation_timestamp", ascending=False), _attribute("model_id", ascending=True)),
    Subject.EXPERIMENTS: (_attribute("creation_time", ascending=False), _attribute("experiment_id", ascending=True)),
    Subject.REGISTERED_MODELS: (_attribute("name", ascending=True),),
    Subject.MODEL_VERSIONS: (
        _attribute("last_updated_timestamp", ascending=False),
        _attribute("name", ascending=True),
        _attribute("version_number", ascending=False),
    ),
}
# What ends an order of somebody's own, where it is something else; as in MLflow.
TIES: Mapping[Subject, tuple[Term, ...]] = {
    Subject.EXPERIMENTS: (_attribute("experiment_id", ascending=False),),
    Subject.MODEL_VERSIONS: (_attribute("name", ascending=True), _attribute("version_number", ascending=False)),
}


def parse_order(order_by: Sequence[str | Mapping[str, object]], subject: Subject) -> Order:
    """Read what to sort by; the newest first and then the ID end every order.

    An entry is a text, a field and perhaps ASC or DESC, or a mapping with `field_name` and perhaps `ascending`,
    `dataset_name` and `dataset_digest`.

    Raises:
        InvalidFilter: An entry is neither, or names what cannot be sorted by.
    """
    if isinstance(order_by, str):
        order_by = [order_by]
    if len(order_by) > MAX_TERMS:
        problem = f"at most {MAX_TERMS} things can be sorted by, not {len(order_by)}"
        raise FilterTooLarge(problem, repr(list(order_by)), 0)
    terms = tuple(_term(entry, subject) for entry in order_by)
    ends = TIES.get(subject, DEFAULTS[subject]) if terms else DEFAULTS[subject]
    return Order(subject, terms + ends)


def _term(entry: object, subject: Subject) -> Term:
    if isinstance(entry, str):
        return _term_of_text(entry, subject)
    if not isinstance(entry, Mapping):
        _refuse("an order is a text or a mapping with a field_name", entry)
    return _term_of_mapping(entry, subject)


def _term_of_text(text: str, subject: Subject) -> Term:
    def read(written: str) -> Term:
        return _read(written, subject)

    try:
        return read(text)
    except InvalidFilter as error:
        raise with_repair(error, text, subject, read) from None


def _read(text: str, subject: Subject) -> Term:
    cursor = Cursor(text)
    term = Term(_field(cursor, subject))
    if cursor.took_word("desc"):
        term = replace(term, ascending=False)
    else:
        cursor.took_word("asc")
    if not cursor.at_end():
        cursor.fail(f"expected ASC, DESC or the end, found {cursor.token.shown}")
    return term


def _field(cursor: Cursor, subject: Subject) -> Field:
    position = cursor.token.position
    relatives, _, field = read_reference(cursor, subject)
    if field.entity is Entity.DATASET:
        cursor.fail("a dataset cannot be sorted by: there may be several", position)
    if relatives:
        cursor.fail(f"what belongs to a {relatives[0]} cannot be sorted by", position)
    return field


def _term_of_mapping(entry: Mapping[object, object], subject: Subject) -> Term:
    unknown = [key for key in entry if key not in MAPPING_KEYS]
    if unknown:
        _refuse(f"unknown key {unknown[0]!r}{suggestion(str(unknown[0]), MAPPING_KEYS)}", entry)
    name, ascending = entry.get("field_name"), entry.get("ascending")
    if not isinstance(name, str):
        _refuse("field_name must say in text what to sort by", entry)
    if not isinstance(ascending, bool | None):
        _refuse("ascending must be true or false", entry)
    field = _field_of_mapping(name, subject)
    return Term(field, ascending is not False, _dataset(entry, field, subject))


@lru_cache(maxsize=512)
def _field_of_mapping(name: str, subject: Subject) -> Field:
    quoted = _quoted_key(name)
    cursor = Cursor(quoted)
    field = _field(cursor, subject)
    if not cursor.at_end():
        cursor.fail(f"expected the end, found {cursor.token.shown}")
    return field if quoted == name else open_field(field.entity, field.key)


def _quoted_key(name: str) -> str:
    """Quote the key, which needs no quotes in a mapping (`metrics.val loss`) and may have them."""
    prefix, dot, key = name.partition(".")
    if not key or key[0] in {"'", '"', "`"}:
        return name
    return f"{prefix}{dot}`{key.replace('`', '``')}`"


def _dataset(entry: Mapping[object, object], field: Field, subject: Subject) -> DatasetFilter | None:
    name, digest = entry.get("dataset_name"), entry.get("dataset_digest")
    if not isinstance(name, str | None) or not isinstance(digest, str | None):
        _refuse("dataset_name and dataset_digest are texts", entry)
    if not name and not digest:
        return None
    if not name:
        _refuse("dataset_digest needs a dataset_name too", entry)
    if subject is not Subject.MODELS or field.entity is not Entity.METRIC:
        _refuse("only a logged model's metric is measured on a dataset", entry)
    return DatasetFilter(name, digest or None)


def _refuse(problem: str, entry: object) -> NoReturn:
    raise InvalidFilter(problem, repr(entry)[:SHOWN_OF_ENTRY], 0)
