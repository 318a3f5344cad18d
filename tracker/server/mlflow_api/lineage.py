"""What a version of a registered model is made of, and where its files are by that."""

from __future__ import annotations

from typing import NamedTuple

from ...entities import ModelVersion
from ...errors import ModelNotFound
from ..problems import bad_value
from ..service import Service
from . import prompts, registry, sources
from .artifacts import Place
from .registered_models import required_stage
from .sources import Owner

# So many versions may be made of one another.
_DEEPEST = 100


class Made(NamedTuple):
    """What a version is made of: its source, and its run's and its logged model's ID, or "" for none."""

    source: str
    run_id: str
    model_id: str


async def made_of(service: Service, source: str, run_id: str | None, model_id: str | None) -> Made:
    """Return what a version is to be made of; of no run and of none that is said are two things.

    Raises:
        Problem, NotFound: it cannot be made of that, or there is no such thing.
    """
    sources.require_no_host(source)
    if sources.scheme_of(source) == sources.MODELS:
        _, name, wanted = sources.reference_of(source)
        if name:
            version = await _wanted(service, name, wanted)
            _require_same(source, (run_id, version.run_id), (model_id, version.model_id))
            return Made(f"models:/{name}/{version.version}", version.run_id or "", version.model_id or "")
    owner = Owner("model_id", model_id, None) if model_id else Owner("run_id", run_id or "", None)
    if owner.id and sources.needs_root(source):
        owner = owner._replace(root=await _root(service, owner))
    sources.require_own(source, owner)
    return Made(source, run_id or "", model_id or "")


async def location(service: Service, version: ModelVersion) -> str:
    """Return where a version's files are, by a URI that no other version has a part in.

    Raises:
        NotFound: what it is made of is there no more.
    """
    origin = await _origin(service, version)
    if sources.scheme_of(origin.source) != sources.MODELS:
        return origin.source
    model = await service.model(origin.model_id or "")
    if model is None:
        raise ModelNotFound(origin.source)
    return model.artifact_uri


async def place(service: Service, version: ModelVersion) -> Place:
    """Return whose files a version's are, and where below them.

    Raises:
        Problem, NotFound: they are not in this store, or what it is made of is there no more.
    """
    origin = await _origin(service, version)
    if sources.scheme_of(origin.source) == sources.MODELS:
        return Place(sources.reference_of(origin.source).model_id, "")
    return sources.place_in(origin.source, {origin.run_id or "", origin.model_id or ""} - {""})


async def _wanted(service: Service, name: str, wanted: str) -> ModelVersion:
    """Return the version that another one is to be made of."""
    model = await registry.found(service, registry.name_of(name))
    if prompts.is_prompt(model.tags):
        raise bad_value(f"Invalid model version source: '{name}' is a prompt, which has no files.")
    if wanted.startswith("@") or wanted.lower() == registry.LATEST:
        return await registry.meant_by(service, name, wanted.removeprefix("@"))
    if not (wanted.isascii() and wanted.isdecimal()):
        required_stage(wanted)
    return await registry.meant(service, name, wanted)


def _require_same(source: str, *both: tuple[str | None, str | None]) -> None:
    if any(said is not None and said != (known or "") for said, known in both):
        raise bad_value(
            f"Invalid model version source: '{source}'. "
            "run_id and model_id, where they are given, are those of the version that it names."
        )


async def _root(service: Service, owner: Owner) -> str | None:
    """Return where the files of a run or of a logged model are; None if there is no such one."""
    if owner.field == "run_id":
        run = await service.run(owner.id)
        return run.artifact_uri if run else None
    model = await service.model(owner.id)
    return model.artifact_uri if model else None


async def _origin(service: Service, version: ModelVersion) -> ModelVersion:
    """Return the version that a version was made of in the end, which is itself as a rule."""
    for _ in range(_DEEPEST):
        if sources.scheme_of(version.source) != sources.MODELS:
            return version
        _, name, wanted = sources.reference_of(version.source)
        if not name:
            return version
        version = await registry.found_version(service, name, registry.number_of(wanted))
    raise bad_value(f"{version.name} {version.version} is made of versions that are made of versions, and so on")
