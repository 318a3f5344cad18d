"""From tree to SQL over the SQLite schema. Every key and value is bound; no user's text enters the SQL.

NOT is carried down to the comparisons, so that each of them may take what is unknown for false: it stands in no place
where that would be turned round. `evaluate` says what is meant.
"""

from __future__ import annotations

from collections.abc import Sequence

from .patterns import ascii_lower, glob
from .schema import Rows, Sql, among_datasets, attribute, joined, rows
from .tree import (
    And,
    Comparison,
    DatasetFilter,
    Entity,
    Expression,
    Field,
    Missing,
    Node,
    Not,
    Operator,
    Or,
    Related,
    Relative,
    Subject,
    depth,
)

EVERYTHING = Sql("1")


def where(expression: Expression, datasets: Sequence[DatasetFilter] = ()) -> Sql:
    """Write a settled filter as a boolean expression in parentheses, for a query over its subject's table.

    With `datasets`, a logged model must have been measured on one of them, and only those measurements count.
    """
    conditions = []
    if datasets and expression.subject is Subject.MODELS:
        conditions.append(_measured_on(datasets))
    if expression.root is not None:
        compiler = _Compiler(expression.subject, expression.subject.value, datasets)
        conditions.append(compiler.write(expression.root, holds=True))
    return joined(conditions, " AND ", in_parentheses=True) if conditions else EVERYTHING


def _measured_on(datasets: Sequence[DatasetFilter]) -> Sql:
    among = among_datasets("s", datasets)
    source = f"model_scores AS s WHERE s.model_no = models.model_no{among.text}"
    return Sql(f"EXISTS (SELECT 1 FROM {source})", among.values)


class _Compiler:
    """Writes conditions on the row that an alias stands for, `level` relatives away from what is searched."""

    def __init__(self, subject: Subject, alias: str, datasets: Sequence[DatasetFilter] = (), level: int = 0) -> None:
        self._subject = subject
        self._alias = alias
        self._datasets = datasets
        self._level = level

    def write(self, node: Node, *, holds: bool) -> Sql:
        """Write SQL that is true where the node is true, or with `holds=False` where it is false."""
        match node:
            case And(children):
                return self._join(children, " AND " if holds else " OR ", holds=holds)
            case Or(children):
                return self._join(children, " OR " if holds else " AND ", holds=holds)
            case Not(child):
                return self.write(child, holds=not holds)
            case Missing(field):
                return self._missing(field, missing=holds)
            case Related():
                return self._related(node, holds=holds)
            case Comparison():
                return self._comparison(node, holds=holds)

    def _join(self, children: Sequence[Node], word: str, *, holds: bool) -> Sql:
        # The deepest goes first: SQLite's parser then has only parentheses to remember while it reads it.
        deepest_first = sorted(children, key=depth, reverse=True)
        return joined([self.write(child, holds=holds) for child in deepest_first], word, in_parentheses=True)

    def _related(self, node: Related, *, holds: bool) -> Sql:
        alias = f"run{self._level + 1}"
        inside = _Compiler(Subject.RUNS, alias, level=self._level + 1).write(node.node, holds=True)
        relatives = f"EXISTS (SELECT 1 FROM runs AS {alias} WHERE {self._link(node.relative, alias)}"
        some = f"{relatives} AND {inside.text})"
        return Sql(some if holds else f"(NOT {some} AND {relatives}))", inside.values)

    def _link(self, relative: Relative, alias: str) -> str:
        match relative:
            case Relative.RUN:
                return f"{alias}.run_no = {self._alias}.run_no"
            case Relative.PARENT:
                return f"{alias}.run_id = {attribute(self._subject, 'parent_run_id', self._alias)}"
            case Relative.CHILD:
                return f"{alias}.parent_run_id = {self._alias}.run_id AND {alias}.lifecycle_stage = 'active'"

    def _missing(self, field: Field, *, missing: bool) -> Sql:
        if field.entity is Entity.ATTRIBUTE:
            return Sql(f"{attribute(self._subject, field.key, self._alias)} IS {'' if missing else 'NOT '}NULL")
        source = self._rows(field).source
        return Sql(f"{'NOT ' if missing else ''}EXISTS (SELECT 1 FROM {source.text})", source.values)

    def _comparison(self, node: Comparison, *, holds: bool) -> Sql:
        if node.field.entity is Entity.ATTRIBUTE:
            return self._attribute(node, holds=holds)
        found = self._rows(node.field)
        if found.many:
            return _some(found, node) if holds else _none(found, node)
        column = found.number if node.field.entity is Entity.PARAM and node.numeric else found.column
        test = _test(column, node)
        chosen = Sql(
            f"(SELECT {test.text} FROM {found.source.text}{found.choice})",
            (*test.values, *found.source.values),
        )
        return chosen if holds else Sql(f"NOT {chosen.text}", chosen.values)

    def _attribute(self, node: Comparison, *, holds: bool) -> Sql:
        if self._subject is Subject.MODELS and node.field.key == "source_run_id":
            # From the run to its models there is an index; each model's run would have to be looked up.
            test = _test("r.run_id", node)
            test = Sql(f"{self._alias}.run_no IN (SELECT r.run_no FROM runs AS r WHERE {test.text})", test.values)
        else:
            test = _test(attribute(self._subject, node.field.key, self._alias), node)
        return test if holds else Sql(f"NOT ({test.text})", test.values)

    def _rows(self, field: Field) -> Rows:
        return rows(self._subject, field, self._datasets, alias=self._alias)


def _some(found: Rows, node: Comparison) -> Sql:
    test = _test(found.column, node)
    source = found.source
    return Sql(f"EXISTS (SELECT 1 FROM {source.text} AND {test.text})", (*source.values, *test.values))


def _none(found: Rows, node: Comparison) -> Sql:
    some = _some(found, node)
    any_at_all = f"EXISTS (SELECT 1 FROM {found.source.text})"
    return Sql(f"({any_at_all} AND NOT {some.text})", (*found.source.values, *some.values))


def _test(column: str, node: Comparison) -> Sql:
    plain = plain_test(column, node)
    if node.field.entity is Entity.METRIC:
        # A value that is NULL is NaN here: it is there, and passes no test but a negated one.
        return Sql(f"({plain.text}) IS {'NOT ' if node.negated else ''}TRUE", plain.values)
    return Sql(f"NOT ({plain.text})", plain.values) if node.negated else plain


def plain_test(column: str, node: Comparison) -> Sql:
    """Write the test of a column, without what negates it."""
    match node.operator:
        case Operator.LIKE:
            return Sql(f"{column} GLOB ?", (glob(str(node.values[0])),))
        case Operator.ILIKE:
            return Sql(f"lower({column}) GLOB ?", (glob(ascii_lower(str(node.values[0]))),))
        case Operator.REGEXP:
            return Sql(f"regexp(?, {column})", node.values)
        case Operator.BETWEEN:
            return Sql(f"{column} BETWEEN ? AND ?", node.values)
        case Operator.IN:
            return Sql(f"{column} IN ({', '.join('?' * len(node.values))})", node.values)
        case comparing:
            return Sql(f"{column} {comparing} ?", node.values)
