"""What a filter means, as a tree of frozen dataclasses: made by the parser, read by the judge and the SQL."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum


class Subject(Enum):
    """What is searched; the value is the table's name, and its alias in the query around the filter."""

    RUNS = "runs"
    MODELS = "models"
    EXPERIMENTS = "experiments"
    REGISTERED_MODELS = "registered_models"
    MODEL_VERSIONS = "model_versions"

    # Looked up several times in each query; Enum's own takes longer than all the rest of a look-up.
    __hash__ = object.__hash__


class Entity(StrEnum):
    """The families of fields; the value is the plural that we write."""

    ATTRIBUTE = "attributes"
    METRIC = "metrics"
    PARAM = "params"
    TAG = "tags"
    DATASET = "datasets"

    __hash__ = str.__hash__


class Relative(StrEnum):
    """Runs that belong to what is searched; of a logged model, the run that made it and that run's parent."""

    PARENT = "parent"
    CHILD = "child"
    RUN = "run"


class PartName(StrEnum):
    """What can be asked of a metric's points, and of a param's text."""

    MIN = "min"
    MAX = "max"
    FIRST = "first"
    LAST = "last"
    LATEST = "latest"
    BEST = "best"
    AT = "at"
    NUMBER = "number"


class Operator(StrEnum):
    """How a field is compared; what negates one (`!=`, `NOT IN`, …) is a flag of the comparison."""

    EQUAL = "="
    LESS = "<"
    AT_MOST = "<="
    GREATER = ">"
    AT_LEAST = ">="
    BETWEEN = "BETWEEN"
    IN = "IN"
    LIKE = "LIKE"
    ILIKE = "ILIKE"
    REGEXP = "REGEXP"

    __hash__ = str.__hash__


Value = str | int | float


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a field; `step` is that of `at(step)`, and 0 for all others."""

    name: PartName
    step: int = 0


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that can be compared: a family, the key within it (for attributes, our name of it), perhaps a part.

    `literal` is set while it is open which of two is meant: `metrics.loss.min` is the least `loss`, unless there is a
    metric of the name `loss.min`. It is that name. `settle.resolve` settles it.
    """

    entity: Entity
    key: str
    part: Part | None = None
    literal: str | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A field against values: one, two for BETWEEN, any number for IN, all texts or all numbers."""

    field: Field
    operator: Operator
    values: tuple[Value, ...]
    negated: bool = False

    @property
    def numeric(self) -> bool:
        """Whether the values are numbers."""
        return not isinstance(self.values[0], str)


@dataclass(frozen=True, slots=True)
class Missing:
    """The subject has no such field: IS NULL."""

    field: Field


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite; of what is unknown, unknown."""

    child: Node


@dataclass(frozen=True, slots=True)
class And:
    """All of them."""

    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of them."""

    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Related:
    """There is a relative, a run, for which all of the node holds; unknown without any relative."""

    relative: Relative
    node: Node


Node = Comparison | Missing | Not | And | Or | Related


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed filter. Without a root it holds for everything."""

    subject: Subject
    root: Node | None


@dataclass(frozen=True, slots=True)
class DatasetFilter:
    """Measured on this dataset; without a digest, on any dataset of that name."""

    name: str
    digest: str | None = None


def conjunction(nodes: list[Node]) -> Node:
    """Join with AND; what is already a conjunction gives its parts."""
    if len(nodes) == 1:
        return nodes[0]
    return And(tuple(part for node in nodes for part in (node.children if isinstance(node, And) else (node,))))


def conjuncts(expression: Expression) -> tuple[Node, ...]:
    """Return the conditions that must hold all together: the parts of the AND around a filter, if there is one."""
    match expression.root:
        case None:
            return ()
        case And(children):
            return children
        case root:
            return (root,)


def disjunction(nodes: list[Node]) -> Node:
    """Join with OR; what is already a disjunction gives its parts."""
    if len(nodes) == 1:
        return nodes[0]
    return Or(tuple(part for node in nodes for part in (node.children if isinstance(node, Or) else (node,))))


def opposite(node: Node) -> Node:
    """Negate; twice is not at all."""
    return node.child if isinstance(node, Not) else Not(node)


# What a parser remembers before it reads the inside of a relative: EXISTS (SELECT 1 FROM … WHERE … AND.
RELATIVE_DEPTH = 10


def depth(node: Node) -> int:
    """Measure how deep AND, OR and relatives lie in one another, in what a parser must remember reading them as SQL.

    Of a node's parts the deepest is to be written first: before it there is only a parenthesis to remember, and
    before each of the others a parenthesis, what came before and the AND or OR.
    """
    match node:
        case And(children) | Or(children):
            deepest, second, *_ = sorted(map(depth, children), reverse=True)
            return max(deepest + 1, second + 3)
        case Not(child):
            return depth(child)
        case Related(_, inside):
            return depth(inside) + RELATIVE_DEPTH
        case _:
            return 0
