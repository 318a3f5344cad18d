"""What requests of registered models and of their versions share: how names may be, what is found, how it is shown."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any

from ...client.queries import query_of
from ...entities import ModelVersion, RegisteredModel
from ...errors import RegisteredModelNotFound, VersionNotFound
from ...filter import Entity, Expression, Subject, conjuncts
from ...filter.tree import Comparison, Field, Operator, conjunction
from ...tables import Page
from ..fields import SHOWN, Shape, Whole, invalid, required
from ..problems import Problem, bad_value, missing
from ..service import SECONDS, Service
from . import answers, limits, prompts
from .answers import Json
from .shapes import Pair

NAME_LENGTH = 256
ALIAS_LENGTH = 255
TAG_LENGTH = 100_000
# More than a description's, since it is somebody's whole text.
TEXT_LENGTH = 1_000_000
_ALIAS = re.compile(r"[\w-]+")
_NUMBERED_ALIAS = re.compile(r"v\d+", re.IGNORECASE)
_NUMBER = re.compile(r"\s*[+-]?[0-9]+\s*")
_MOST_DIGITS = 20
LATEST = "latest"


class Search(Shape):
    """A page of something; how much it is where nobody says so, each resource says itself."""

    filter: str = ""
    max_results: Whole = 0
    order_by: tuple[str, ...] = ()
    page_token: str = ""


def name_of(name: str, field: str = "name") -> str:
    """Return a registered model's name.

    Raises:
        Problem: it is missing, or cannot be one.
    """
    if not name.strip():
        raise missing(field)
    if "/" in name or ":" in name:
        raise bad_value(f"Invalid model name '{name[:NAME_LENGTH]}'. Names cannot contain '/' or ':'.")
    if name != posixpath.normpath(name) or name == "." or name.startswith(".."):
        raise invalid(field, name).saying("a name is a path in its shortest form")
    return limits.require_short(field, name, NAME_LENGTH)


def number_of(version: str) -> int:
    """Return a version's number; one of more digits than are kept is one that there is not.

    Raises:
        Problem: it is missing, or no number.
    """
    text = required("version", version)
    if not _NUMBER.fullmatch(text):
        raise bad_value(f"Parameter 'version' must be an integer, got '{text[:SHOWN]}'.")
    return int(text.strip()[:_MOST_DIGITS])


def alias_of(alias: str) -> str:
    """Return an alias, which may be a reserved one.

    Raises:
        Problem: it is missing, or cannot be one.
    """
    limits.require_short("Registered model alias name", required("alias", alias), ALIAS_LENGTH)
    if not _ALIAS.fullmatch(alias):
        raise bad_value(f"Invalid alias name: '{alias}'. It is made of letters, digits, _ and -.")
    return alias


def new_alias_of(alias: str) -> str:
    """Return an alias that may be given to a version.

    Raises:
        Problem: it is missing, cannot be one, or means a version already, whatever anybody says.
    """
    alias_of(alias)
    if alias.lower() == LATEST:
        raise bad_value("'latest' alias name (case insensitive) is reserved.")
    if _NUMBERED_ALIAS.fullmatch(alias):
        raise bad_value(f"Version alias name '{alias}' is reserved.")
    return alias


def tag_of(tag: Pair) -> tuple[str, str]:
    """Return a tag that can be kept.

    Raises:
        Problem: it cannot.
    """
    return limits.require_key("key", tag.key), limits.require_short("value", tag.value, TAG_LENGTH)


def tags_of(said: Iterable[Pair]) -> dict[str, str]:
    """Return tags that can be kept, by name; of one that is there twice the last.

    Raises:
        Problem: one cannot.
    """
    return dict(map(tag_of, said))


def text_of(field: str, text: str) -> str:
    """Return a description.

    Raises:
        Problem: it is too long to be kept.
    """
    return limits.require_short(field, text, TEXT_LENGTH)


async def found(service: Service, name: str) -> RegisteredModel:
    """Return a registered model.

    Raises:
        RegisteredModelNotFound: there is none of that name.
    """
    model = await service.read("registered_model", lambda: service.store.registry.registered_model(name))
    if model is None:
        # Another program may have promoted to it just now.
        await service.engine.writer.catch_up(SECONDS)
        model = await service.read("registered_model", lambda: service.store.registry.registered_model(name))
    if model is None:
        raise RegisteredModelNotFound(name)
    return model


async def found_version(service: Service, name: str, number: int) -> ModelVersion:
    """Return a version of a registered model.

    Raises:
        VersionNotFound: there is none, or no such model.
    """
    return await meant(service, name, str(number))


async def meant(service: Service, name: str, wanted: str) -> ModelVersion:
    """Return a version by its number, `@alias`, `latest` or a stage.

    Raises:
        VersionNotFound: there is none.
    """
    version = await service.read("version", lambda: service.store.registry.version(name, wanted))
    if version is None:
        # Another program may have promoted it just now.
        await service.engine.writer.catch_up(SECONDS)
        version = await service.read("version", lambda: service.store.registry.version(name, wanted))
    if version is None:
        raise VersionNotFound(name, wanted)
    return version


async def meant_by(service: Service, name: str, alias: str) -> ModelVersion:
    """Return the version that an alias means; `latest` is the newest.

    Raises:
        RegisteredModelNotFound, Problem: there is no such model, or it means none.
    """
    is_latest = alias.lower() == LATEST
    try:
        return await meant(service, name, LATEST if is_latest else f"@{alias}")
    except VersionNotFound:
        await found(service, name)
        if is_latest:
            raise Problem("RESOURCE_DOES_NOT_EXIST", f"Latest version not found for model {name}.") from None
        raise bad_value(f"Registered model alias {alias} not found.") from None


async def search(service: Service, subject: Subject, asked: Search, most: int) -> Page[Any]:
    """Return a page of what matches, in order; prompts only where it is these that are asked for.

    Raises:
        InvalidInput, Problem: the filter, the order, the token or the number of results cannot be used.
    """
    count = limits.require_results(asked.max_results, most)
    query, page = query_of(subject, asked.filter, asked.order_by, None, (), count, asked.page_token or None)
    shown = replace(query, where=await readable(service, prompts.narrowed(query.where)))
    search_ = getattr(service.store.search, subject.value)
    return page.of(await service.read((subject, asked.filter, count), lambda: search_(shown)))


async def readable(service: Service, where: Expression) -> Expression:
    """Return a filter that finds only what whoever asks may read of registered models, or of their versions."""
    return where if service.viewer.reads_all else _among(where, await service.readable_registered())


def _among(expression: Expression, names: Collection[str]) -> Expression:
    """Return a filter that finds only what is of these names."""
    # No model has an empty name.
    named = Comparison(Field(Entity.ATTRIBUTE, "name"), Operator.IN, tuple(names) or ("",))
    return Expression(expression.subject, conjunction([*conjuncts(expression), named]))


def model_answer(model: RegisteredModel) -> Json:
    """Return a registered model as the protocol has it."""
    return answers.filled(
        {
            "name": model.name,
            "creation_timestamp": model.creation_timestamp,
            "last_updated_timestamp": model.last_updated_timestamp,
            "description": model.description or None,
            "latest_versions": [version_answer(each) for each in model.latest_versions],
            "tags": answers.pairs(model.tags),
            "aliases": [{"alias": alias, "version": str(number)} for alias, number in model.aliases.items()],
        }
    )


def version_answer(version: ModelVersion) -> Json:
    """Return a version as the protocol has it."""
    return answers.filled(
        {
            "name": version.name,
            "version": str(version.version),
            "creation_timestamp": version.creation_timestamp,
            "last_updated_timestamp": version.last_updated_timestamp,
            "user_id": version.user_id or None,
            "current_stage": version.stage,
            "description": version.description,
            "source": version.source,
            "run_id": version.run_id or "",
            "status": "READY",
            "tags": answers.pairs(version.tags),
            "run_link": version.run_link,
            "aliases": list(version.aliases),
            "model_id": version.model_id,
        }
    )
