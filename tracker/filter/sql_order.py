"""From an order to SQL over the SQLite schema; `ordered` says what is meant."""

from __future__ import annotations

from .order import Order, Term
from .schema import KEY_NO, NULLABLE, Rows, Sql, attribute, rows
from .tree import DatasetFilter, Entity, Subject

# The greatest finite double: SQLite has no function that tells infinities.
GREATEST = "1.7976931348623157e308"
# The writer keeps `score` as the value where it is finite.
NEWEST = " ORDER BY s.timestamp DESC, s.step DESC, s.dataset_no LIMIT 1"


def order_sql(order: Order) -> Sql:
    """Write an order as what goes after ORDER BY, for a query over the table `runs` or `models`."""
    parts = [part for term in order.terms for part in _term(order.subject, term)]
    return Sql(", ".join(part.text for part in parts), tuple(value for part in parts for value in part.values))


def _term(subject: Subject, term: Term) -> list[Sql]:
    # Descending, SQLite has NULL last by itself.
    direction = "ASC NULLS LAST" if term.ascending else "DESC"
    match term.field.entity:
        case Entity.ATTRIBUTE:
            return [_attribute(subject, term)]
        case Entity.METRIC:
            found = _run_metric(term) if subject is Subject.RUNS else _model_metric(term)
            return [_value(found, found.number, direction), _missing(found)]
        case Entity.PARAM:
            found = rows(subject, term.field)
            return [_value(found, found.number, direction), _value(found, found.column, direction)]
        case _:
            found = rows(subject, term.field)
            return [_value(found, found.column, direction)]


def _attribute(subject: Subject, term: Term) -> Sql:
    name = term.field.key
    column = f"{subject.value}.experiment_id" if name == "experiment_id" else attribute(subject, name)
    # NULLS LAST keeps SQLite from walking an index, so it is said only where there may be a NULL.
    nulls = " NULLS LAST" if term.ascending and name in NULLABLE else ""
    return Sql(f"{column} {'ASC' if term.ascending else 'DESC'}{nulls}")


def _value(found: Rows, column: str, direction: str) -> Sql:
    return Sql(f"(SELECT {column} FROM {found.source.text}{found.choice}) {direction}", found.source.values)


def _missing(found: Rows) -> Sql:
    return Sql(f"NOT EXISTS (SELECT 1 FROM {found.source.text})", found.source.values)


def _run_metric(term: Term) -> Rows:
    found = rows(Subject.RUNS, term.field)
    finite = f"iif(abs({found.column}) <= {GREATEST}, {found.column}, NULL)"
    return Rows(found.source, found.column, number=finite, choice=found.choice)


def _model_metric(term: Term) -> Rows:
    source = f"model_scores AS s WHERE s.model_no = models.model_no AND s.key_no = {KEY_NO}"
    on = _on(term.dataset)
    return Rows(Sql(source + on.text, (term.field.key, *on.values)), "s.value", number="s.score", choice=NEWEST)


def _on(dataset: DatasetFilter | None) -> Sql:
    if dataset is None:
        return Sql("")
    if dataset.digest is None:
        return Sql(" AND s.dataset_no IN (SELECT d.dataset_no FROM datasets AS d WHERE d.name = ?)", (dataset.name,))
    number = "(SELECT d.dataset_no FROM datasets AS d WHERE d.name = ? AND d.digest = ?)"
    return Sql(f" AND s.dataset_no = {number}", (dataset.name, dataset.digest))
