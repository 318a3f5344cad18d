"""Registered models, what was decided about them, and what was deleted: one route for each method of `Registry`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from ..routes import Route
from ..seen import registry_of
from ..service import Service
from .asking import route


@dataclass(frozen=True, slots=True)
class Nothing:
    """All of them."""


@dataclass(frozen=True, slots=True)
class Name:
    """One registered model."""

    name: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """One version of a registered model."""

    name: str
    wanted: str


@dataclass(frozen=True, slots=True)
class Alias:
    """One registered model, and perhaps one alias of it."""

    name: str
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class PromotionId:
    """One decision."""

    promotion_id: str


@dataclass(frozen=True, slots=True)
class ModelIds:
    """Some logged models."""

    model_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ModelId:
    """One logged model."""

    model_id: str


async def registered_models(service: Service, asked: Nothing) -> object:
    """Return all registered models, by name."""
    del asked
    return await service.read("registered models", registry_of(service).registered_models)


async def registered_model(service: Service, asked: Name) -> object:
    """Return a registered model by its name, or null."""
    return await service.read("registered model", partial(registry_of(service).registered_model, asked.name))


async def versions(service: Service, asked: Name) -> object:
    """Return the versions of a registered model, by number."""
    return await service.read("versions", partial(registry_of(service).versions, asked.name))


async def version(service: Service, asked: Wanted) -> object:
    """Return a version by its number, `@alias`, `latest` or a stage, or null."""
    return await service.read("version", partial(registry_of(service).version, asked.name, asked.wanted))


async def promotions(service: Service, asked: Alias) -> object:
    """Return what was decided about a registered model, or about one alias of it, in the order decided."""
    return await service.read("promotions", partial(registry_of(service).promotions, asked.name, asked.alias))


async def promotion(service: Service, asked: PromotionId) -> object:
    """Return one decision, or null."""
    return await service.read("promotion", partial(registry_of(service).promotion, asked.promotion_id))


async def deleted(service: Service, asked: ModelIds) -> object:
    """Return those of some logged models that were deleted."""
    return await service.read("deleted", partial(registry_of(service).deleted, asked.model_ids))


async def pins(service: Service, asked: ModelId) -> object:
    """Return which aliases mean a logged model."""
    return await service.read("pins", partial(registry_of(service).pins, asked.model_id))


def routes() -> list[Route]:
    """Return the routes of the registry."""
    return [
        route("registered-models", Nothing, registered_models),
        route("registered-model", Name, registered_model),
        route("versions", Name, versions),
        route("version", Wanted, version),
        route("promotions", Alias, promotions),
        route("promotion", PromotionId, promotion),
        route("deleted", ModelIds, deleted),
        route("pins", ModelId, pins),
    ]
