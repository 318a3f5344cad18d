"""`tracker.registry`: registered models, their versions, stages and aliases, to be read and changed."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol, TypeVar

from anyio import to_thread

from ..entities import ModelVersion, RegisteredModel, Stage
from ..entities.edits import Edit
from ..entities.registry import ACTIVE_STAGES, stage_of
from ..entities.registry_edits import (
    AddVersion,
    CreateRegistered,
    DeleteRegistered,
    DeleteRegisteredTag,
    DeleteVersion,
    DescribeRegistered,
    RenameRegistered,
    SetRegisteredTags,
    SetStage,
)
from ..errors import InvalidInput, RegisteredModelExists, RegisteredModelNotFound
from ..filter import Subject
from ..system import milliseconds
from ..tables import Page
from .engine import Engine
from .model import AsyncLoggedModel, Measurable
from .queries import OrderBy
from .registry import SCHEME, RegistrySearches, registered_name_of, version_number_of
from .twin import Blocking
from .values import name_of, tags_of

R = TypeVar("R")
_MODEL_ID = "m-"
_LONGEST_SOURCE = 6000


class Aliasing(Protocol):
    """The part of a tracker that a registry leans on."""

    engine: Engine
    searches: RegistrySearches[AsyncLoggedModel]

    async def set_alias(self, name: str, alias: str, version: int) -> None:
        """Let an alias of a registered model mean a version, whatever it meant before."""

    async def delete_alias(self, name: str, alias: str) -> None:
        """Let an alias of a registered model mean nothing."""


class AsyncRegistry:
    """The registered models of an open store; `AsyncTracker.registry`.

    What is changed here is stored when the call returns. A version is asked for as `3`, `"@alias"`, `"latest"`, or by
    its stage, as `"Production"`: the newest of that stage.
    """

    def __init__(self, tracker: Aliasing) -> None:
        self._tracker = tracker
        self._engine = tracker.engine

    async def create(
        self, name: str, *, description: str = "", tags: Mapping[str, object] | None = None
    ) -> RegisteredModel:
        """Make a registered model without versions.

        Raises:
            InvalidInput: the name cannot be one.
            RegisteredModelExists: there is one of that name.
        """
        wanted = registered_name_of(name)
        await self._edit(CreateRegistered(wanted, milliseconds(), str(description), tags_of(tags or {})))
        return await self.get(wanted)

    async def get(self, name: str) -> RegisteredModel:
        """Return a registered model with its versions and aliases.

        Raises:
            RegisteredModelNotFound: there is none of that name.
        """
        found = await self._read(lambda: self._tracker.searches.registry.registered_model(name))
        if found is None:
            known = await self._read(self._tracker.searches.registered_models)
            raise RegisteredModelNotFound(name, [each.name for each in known])
        return found

    async def search(
        self,
        filter_string: str = "",
        *,
        order_by: OrderBy = (),
        max_results: int = 100,
        page_token: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> Page[RegisteredModel]:
        """Return the registered models that match, in order; by name unless said otherwise.

        A filter knows `name`, `description`, `creation_timestamp`, `last_updated_timestamp` and `tags.…`.

        Raises:
            InvalidFilter: the filter or the order does not parse; the message shows where.
        """
        return await self._search(Subject.REGISTERED_MODELS, filter_string, order_by, max_results, page_token, fields)

    async def search_versions(
        self,
        filter_string: str = "",
        *,
        order_by: OrderBy = (),
        max_results: int = 100,
        page_token: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> Page[ModelVersion]:
        """Return the versions that match, of all registered models; last changed first unless said otherwise.

        A filter knows `name`, `version_number`, `model_id`, `run_id`, `source_path`, `stage`, `description`,
        `creation_timestamp`, `last_updated_timestamp` and `tags.…`.

        Raises:
            InvalidFilter: the filter or the order does not parse; the message shows where.
        """
        return await self._search(Subject.MODEL_VERSIONS, filter_string, order_by, max_results, page_token, fields)

    async def register(
        self,
        model: Measurable | str,
        name: str,
        *,
        description: str = "",
        tags: Mapping[str, object] | None = None,
    ) -> ModelVersion:
        """Make the next version of a registered model, which is made too if there is none of that name.

        `model` is a logged model, its ID, a URI of it or of another version (`models:/…`), or any other URI, which is
        kept as it is and never followed.

        Raises:
            InvalidInput: the name or the source cannot be one.
            ModelNotFound, RegisteredModelNotFound, VersionNotFound: there is no such logged model or version.
        """
        wanted = registered_name_of(name)
        source, model_id, run_id = await self._made_of(model)
        said = {"description": str(description), "tags": tags_of(tags or {})}
        edit = AddVersion(wanted, source, milliseconds(), model_id, run_id, **said)  # type: ignore[arg-type]  # by name
        try:
            number = await self._edit(edit)
        except RegisteredModelNotFound:
            # Another program may make it at the same time.
            with contextlib.suppress(RegisteredModelExists):
                await self._edit(CreateRegistered(wanted, milliseconds()))
            number = await self._edit(edit)
        return await self.version(wanted, str(number))

    async def versions(self, name: str) -> list[ModelVersion]:
        """Return the versions of a registered model, from the first to the newest.

        Raises:
            RegisteredModelNotFound: there is none of that name.
        """
        return list((await self.get(name)).versions)

    async def version(self, name: str, wanted: str | int = "latest") -> ModelVersion:
        """Return a version: `3`, `"@alias"`, `"latest"`, or the newest of a stage, as `"Production"`.

        Raises:
            RegisteredModelNotFound, VersionNotFound: there is no such name, or no such version of it.
        """
        return await self._read(lambda: self._tracker.searches.version_of(name, str(wanted)))

    async def rename(self, name: str, new_name: str) -> RegisteredModel:
        """Give a registered model another name; versions, aliases and decisions go along.

        Raises:
            InvalidInput: the new name cannot be one.
            RegisteredModelNotFound, RegisteredModelExists: there is none of the one name, or one of the other.
        """
        wanted = registered_name_of(new_name)
        await self._edit(RenameRegistered(name, wanted, milliseconds()))
        return await self.get(wanted)

    async def describe(self, name: str, description: str, *, version: int | None = None) -> None:
        """Give a registered model, or a version of it, another description.

        Raises:
            RegisteredModelNotFound, VersionNotFound: there is no such one.
        """
        await self._edit(DescribeRegistered(name, _number(version), str(description), milliseconds()))

    async def set_tags(self, name: str, tags: Mapping[str, object], *, version: int | None = None) -> None:
        """Set tags of a registered model, or of a version of it.

        Raises:
            RegisteredModelNotFound, VersionNotFound: there is no such one.
        """
        await self._edit(SetRegisteredTags(name, _number(version), tags_of(tags)))

    async def delete_tag(self, name: str, key: str, *, version: int | None = None) -> None:
        """Delete a tag of a registered model, or of a version of it; one that is not there is deleted already.

        Raises:
            RegisteredModelNotFound, VersionNotFound: there is no such model or version.
        """
        await self._edit(DeleteRegisteredTag(name, _number(version), name_of(key, "tag")))

    async def set_stage(self, name: str, version: int, stage: str, *, archive: bool = False) -> ModelVersion:
        """Move a version to a stage: `None`, `Staging`, `Production` or `Archived`, in any case.

        With `archive` those that are in that stage already go to the archive. An alias says the same and more.

        Raises:
            InvalidInput: there is no such stage, or it is none that others are archived from.
            RegisteredModelNotFound, VersionNotFound: there is no such version.
        """
        wanted = _stage(stage, archive=archive)
        number = version_number_of(version)
        await self._edit(SetStage(name, number, wanted, archive, milliseconds()))
        return await self.version(name, number)

    async def set_alias(self, name: str, alias: str, version: int) -> None:
        """Let an alias of a registered model mean a version, whatever it meant before.

        Raises:
            InvalidInput: the alias cannot be one, or the version is no number.
            RegisteredModelNotFound, VersionNotFound: there is no such version.
            ModelNotFound: the version's logged model was deleted.
        """
        await self._tracker.set_alias(name, alias, version)

    async def delete_alias(self, name: str, alias: str) -> None:
        """Let an alias of a registered model mean nothing; one that is not there is deleted already.

        Raises:
            InvalidInput: the name or the alias cannot be one.
        """
        await self._tracker.delete_alias(name, alias)

    async def delete_version(self, name: str, version: int) -> None:
        """Delete a version and the aliases that mean it; the logged model stays, and the number is not given again.

        Raises:
            RegisteredModelNotFound, VersionNotFound: there is no such version.
        """
        await self._edit(DeleteVersion(name, version_number_of(version), milliseconds()))

    async def delete(self, name: str) -> None:
        """Delete a registered model with its versions, its aliases and what was decided about it; logged models stay.

        Raises:
            RegisteredModelNotFound: there is none of that name.
        """
        await self._edit(DeleteRegistered(name))

    async def _made_of(self, model: Measurable | str) -> tuple[str, str, str]:
        """Return what a version is made of: its source, and the logged model's and the run's ID, or "" for none."""
        if isinstance(model, Measurable):
            return f"{SCHEME}{model.model_id}", model.model_id, ""
        if model.startswith((_MODEL_ID, SCHEME)):
            version = await self._read(lambda: self._tracker.searches.version_named(model))
            if version is not None and version.model_id is None:
                return version.source, "", version.run_id or ""
            found = await self._read(lambda: self._tracker.searches.get_logged_model(model))
            return f"{SCHEME}{found.model_id}", found.model_id, ""
        if not model.strip() or len(model) > _LONGEST_SOURCE or "\0" in model:
            raise InvalidInput(f"a version is made of a logged model or of a URI, not of {model[:100]!r}")
        return model, "", ""

    async def _search(self, *words: Any) -> Page[Any]:  # noqa: ANN401  # as `search_registry` has them
        return await self._read(partial(self._tracker.searches.search_registry, *words))

    async def _edit(self, edit: Edit) -> object:
        await self._engine.settle()
        return await self._engine.edit(edit)

    async def _read(self, function: Callable[[], R]) -> R:
        await self._engine.settle()
        return await to_thread.run_sync(function)


class Calls(Protocol):
    """What calls async functions in the event loop that they belong to."""

    def __call__(self, method: Callable[..., Awaitable[R]], *args: object) -> R:
        """Call one and wait for it."""


class Registry:
    """The registered models of an open store, as `AsyncRegistry` offers them; `Tracker.registry`."""

    def __init__(self, inner: AsyncRegistry, call: Calls) -> None:
        self.inner = inner
        self._call = call

    def call(self, method: Callable[..., Awaitable[R]], *args: object) -> R:
        """Call an async function in the tracker's event loop, and wait for it.

        Raises:
            Closed: the tracker is.
        """
        return self._call(method, *args)

    create = Blocking(AsyncRegistry.create)
    get = Blocking(AsyncRegistry.get)
    search = Blocking(AsyncRegistry.search)
    search_versions = Blocking(AsyncRegistry.search_versions)
    register = Blocking(AsyncRegistry.register)
    versions = Blocking(AsyncRegistry.versions)
    version = Blocking(AsyncRegistry.version)
    rename = Blocking(AsyncRegistry.rename)
    describe = Blocking(AsyncRegistry.describe)
    set_tags = Blocking(AsyncRegistry.set_tags)
    delete_tag = Blocking(AsyncRegistry.delete_tag)
    set_stage = Blocking(AsyncRegistry.set_stage)
    set_alias = Blocking(AsyncRegistry.set_alias)
    delete_alias = Blocking(AsyncRegistry.delete_alias)
    delete_version = Blocking(AsyncRegistry.delete_version)
    delete = Blocking(AsyncRegistry.delete)


def _number(version: int | None) -> int | None:
    return None if version is None else version_number_of(version)


def _stage(text: str, *, archive: bool) -> Stage:
    stage = stage_of(text)
    if stage is None:
        raise InvalidInput(f"stage {text!r}: it is one of {', '.join(Stage)}")
    if archive and stage not in ACTIVE_STAGES:
        raise InvalidInput(f"stage {stage!s}: others are archived only from {' and '.join(ACTIVE_STAGES)}")
    return stage
