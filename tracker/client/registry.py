"""Registered models as both clients read them, and what a user may call a model, a name and an alias."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from ..entities import ModelInfo, ModelVersion, RegisteredModel
from ..errors import InvalidInput, ModelNotFound, NotFound, RegisteredModelNotFound, VersionNotFound, suggestion
from ..filter import DatasetFilter, Subject
from ..ranking import Checkpoint, FrontOf, Keep, LastOf, Plan, Promotion, Rule, TopOf, plan
from ..store.interface import Finds, Registry
from ..tables import Page
from .queries import OrderBy, query_of
from .search import Searches
from .values import name_of

Model = TypeVar("Model")
SCHEME = "models:/"
ALIAS_LENGTH = 255
# Of so many models the metrics are looked at to find what a mistyped one was meant to be.
_NEWEST = 100
_RESERVED = re.compile(r"latest|v\d+", re.IGNORECASE)
_ALIAS = re.compile(r"[\w-]+")


@dataclass(frozen=True, slots=True)
class KeepPlan(Plan):
    """A plan of which checkpoints to keep, and what it was made of, so that it can be made again."""

    keep: Keep
    experiment_names: tuple[str, ...] | None
    filter_string: str


class RegistrySearches(Searches[Model]):
    """Searches that know registered models too."""

    def __init__(
        self, search: Finds, registry: Registry, model: Callable[[ModelInfo, DatasetFilter | None], Model]
    ) -> None:
        super().__init__(search, model)
        self.registry = registry

    def get_logged_model(self, model_id: str) -> Model:
        """Return a logged model, by its ID, or by a URI.

        A URI is `models:/m-…`, `models:/name@alias`, `models:/name/3`, `models:/name/latest`, or
        `models:/name/Production`: the newest version in that stage.

        Raises:
            ModelNotFound: there is none of that ID, or it was deleted.
            RegisteredModelNotFound, VersionNotFound: there is no such name, or no such version or alias of it.
        """
        name, wanted = _reference(model_id)
        if not wanted:
            return super().get_logged_model(model_id)
        version = self.version_of(name, wanted)
        if version.model_id is None:
            raise ModelNotFound(model_id)
        return super().get_logged_model(version.model_id)

    def version_of(self, name: str, wanted: str) -> ModelVersion:
        """Return a version of a registered model, by `3`, `@alias`, `latest`, or a stage: the newest one in it.

        Raises:
            RegisteredModelNotFound, VersionNotFound: there is no such name, or no such version or alias of it.
        """
        found = self.registry.version(name, wanted)
        if found is None:
            raise self._no_version(name, wanted)
        return found

    def version_named(self, uri: str) -> ModelVersion | None:
        """Return the version that a URI means; None if it means a logged model by its ID.

        Raises:
            RegisteredModelNotFound, VersionNotFound: there is no such name, or no such version or alias of it.
        """
        name, wanted = _reference(uri)
        return self.version_of(name, wanted) if wanted else None

    def registered_models(self) -> list[RegisteredModel]:
        """Return all registered models with their versions and aliases, by name."""
        return self.registry.registered_models()

    def search_registry(
        self,
        subject: Subject,
        filter_string: str,
        order_by: OrderBy,
        max_results: int,
        page_token: str | None,
        fields: Sequence[str] | None,
    ) -> Page[Any]:
        """Return the registered models that match, or the versions, by the subject; in order.

        Raises:
            InvalidFilter: the filter or the order does not parse; the message shows where.
        """
        query, page = query_of(subject, filter_string, order_by, None, (), max_results, page_token, fields)
        return page.of(getattr(self._search, subject.value)(query))

    def promotions(self, name: str, alias: str | None = None) -> list[Promotion]:
        """Return every decision about a registered model, or about one alias of it, the first decided first."""
        return self.registry.promotions(name, alias)

    def plan_keep(
        self,
        *rules: Rule,
        budget: int | None = None,
        experiment_names: Sequence[str] | None = None,
        filter_string: str = "",
    ) -> KeepPlan:
        """Plan which checkpoints to keep, of those with files in these experiments that match the filter.

        A rule is a `TopOf`, a `FrontOf` or a `LastOf`; who is named by any stays, and who has an alias stays in any
        case. The budget is in bytes. Nothing is deleted: `carry_out` does that.

        Raises:
            InvalidInput: there is neither a rule nor a budget, or one of them cannot be used, or nothing ranks by a
                metric, which would drop all that other rules do not keep.
            AmbiguousDataset, DatasetNotFound: a metric of a front was measured on several datasets, or not on the one.
            InvalidFilter: the filter does not parse; the message shows where.
            ExperimentNotFound: by a name that no experiment has.
        """
        keep = Keep(rules, budget)
        checkpoints = self._checkpoints(keep, experiment_names, filter_string)
        made = plan(checkpoints, keep)
        for rule in keep.rules:
            self._require_any(rule, checkpoints)
        names = None if experiment_names is None else tuple(experiment_names)
        return KeepPlan(made.verdicts, made.budget, keep, names, filter_string)

    def planned_again(self, made: KeepPlan) -> KeepPlan:
        """Make a plan once more, of what is stored now."""
        return self.plan_keep(
            *made.keep.rules,
            budget=made.keep.budget,
            experiment_names=made.experiment_names,
            filter_string=made.filter_string,
        )

    def _no_version(self, name: str, wanted: str) -> NotFound:
        model = self.registry.registered_model(name)
        if model is None:
            return RegisteredModelNotFound(name, [each.name for each in self.registry.registered_models()])
        return VersionNotFound(name, wanted.removeprefix("@"), model.aliases)

    def _checkpoints(self, keep: Keep, names: Sequence[str] | None, text: str) -> list[Checkpoint]:
        ids = self._experiment_ids(None, names)
        clauses = [f"({clause})" for clause in ("status = 'READY'", text) if clause.strip()]
        query, _ = query_of(Subject.MODELS, " AND ".join(clauses), (), ids, (), 1, None)
        return self.registry.checkpoints(query, _metrics(keep.rules))

    def _require_any(self, rule: Rule, checkpoints: Sequence[Checkpoint]) -> None:
        """Check that a rule keeps something: one with a mistyped metric would drop everything."""
        if isinstance(rule, LastOf) or not checkpoints:
            return
        verdicts = plan(checkpoints, Keep((rule,))).verdicts
        if any(len(each.reasons) > len(each.checkpoint.pinned) for each in verdicts if each.is_kept):
            return
        metrics = _metrics([rule])
        known = {each.key for info in self._newest() for each in info.measurements}
        unknown = [metric for metric in metrics if metric not in known]
        hint = suggestion(unknown[0], known) if unknown else ""
        on = f" on {rule.dataset!r}" if rule.dataset else ""
        raise InvalidInput(f"no checkpoint here ranks by {' and '.join(map(repr, metrics))}{on}{hint}")

    def _newest(self) -> list[ModelInfo]:
        query, _ = query_of(Subject.MODELS, "", (), None, (), _NEWEST, None)
        return self._search.models(query).items


def registered_name_of(name: str) -> str:
    """Return a registered model's name; MLflow's rule, so that a URI with it is not torn.

    Raises:
        InvalidInput: it cannot be one.
    """
    found = name_of(name, "registered model")
    if "/" in found or ":" in found or found in {".", ".."}:
        raise InvalidInput(f"registered model name {name!r}: neither / nor : may be in it, and it is no path")
    return found


def alias_of(alias: object) -> str:
    """Return an alias; MLflow's rule, so that a URI with it is not taken for another one.

    Raises:
        InvalidInput: it cannot be one.
    """
    if not isinstance(alias, str) or len(alias) > ALIAS_LENGTH or not _ALIAS.fullmatch(alias):
        raise InvalidInput(f"alias {alias!r}: write up to {ALIAS_LENGTH} letters, digits, _ and -")
    if _RESERVED.fullmatch(alias):
        raise InvalidInput(f"alias {alias!r} is reserved: 'latest', and v with a number, mean versions")
    return alias


def version_number_of(version: object) -> int:
    """Return a version's number.

    Raises:
        InvalidInput: it is none.
    """
    if type(version) is not int:
        raise InvalidInput(f"a version is a whole number, not {version!r}")
    return version


def _reference(text: str) -> tuple[str, str]:
    """Return the name in a URI and which version it asks for; of a logged model by ID, the ID and ""."""
    if not text.startswith(SCHEME):
        return text, ""
    path = text.removeprefix(SCHEME)
    name, slash, version = path.rpartition("/")
    if slash:
        return name, version or "?"
    name, at, alias = path.rpartition("@")
    return (name, f"@{alias}") if at else (path, "")


def _metrics(rules: Sequence[Rule]) -> list[str]:
    """Return the metrics that rules look at."""
    metrics: list[str] = []
    for rule in rules:
        match rule:
            case TopOf():
                metrics.append(rule.metric)
            case FrontOf():
                metrics += [metric for metric, _ in rule.goals]
            case LastOf():
                pass
    return metrics
