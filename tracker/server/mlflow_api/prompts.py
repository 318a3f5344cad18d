"""Prompts: registered models that MLflow's clients have marked by a tag, and that are shown only to who asks: pure."""

from __future__ import annotations

from collections.abc import Mapping

from ...filter import Entity, Expression, conjuncts
from ...filter.tree import Comparison, Field, Missing, Node, Operator, conjunction, disjunction

TAG = "mlflow.prompt.is_prompt"
# What MLflow's clients give as the source of a prompt's version, which has no files.
SOURCES = frozenset({"dummy-source", "prompt-template"})
_FIELD = Field(Entity.TAG, TAG)
_NO_PROMPT = disjunction([Missing(_FIELD), Comparison(_FIELD, Operator.EQUAL, ("true",), negated=True)])


def is_prompt(tags: Mapping[str, str]) -> bool:
    """Whether these are the tags of a prompt, or of a version of one."""
    return tags.get(TAG, "").lower() == "true"


def narrowed(expression: Expression) -> Expression:
    """Return a filter that finds no prompts, unless it is prompts that it asks for."""
    nodes = conjuncts(expression)
    about = [node for node in nodes if isinstance(node, Comparison) and node.field == _FIELD]
    if any(_asks_for_prompts(node) for node in about):
        return expression
    others: list[Node] = [node for node in nodes if node not in about]
    return Expression(expression.subject, conjunction([*others, _NO_PROMPT]))


def _asks_for_prompts(node: Comparison) -> bool:
    wanted = "false" if node.negated else "true"
    return node.operator is Operator.EQUAL and str(node.values[0]).lower() == wanted
