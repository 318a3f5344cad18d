"""Reading registered models of a store behind a server; see `interface.Registry`."""

from __future__ import annotations

from collections.abc import Collection

from ...entities import ModelVersion, RegisteredModel
from ...errors import NotSupported
from ...journal.plain import read
from ...ranking import Checkpoint, Promotion
from ..interface import Query
from .connection import Connection


class RestRegistry:
    """Registered models behind a server."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def registered_models(self) -> list[RegisteredModel]:
        """Return all, by name."""
        return list(read(tuple[RegisteredModel, ...], self._connection.ask("registered-models")))

    def registered_model(self, name: str) -> RegisteredModel | None:
        """Return one by its name; None if there is none of that name."""
        found = self._connection.ask("registered-model", name=name)
        return None if found is None else read(RegisteredModel, found)

    def versions(self, name: str) -> list[ModelVersion]:
        """Return the versions of a registered model, by number; none if there is no such model."""
        return list(read(tuple[ModelVersion, ...], self._connection.ask("versions", name=name)))

    def version(self, name: str, wanted: str) -> ModelVersion | None:
        """Return a version by its number, `@alias`, `latest` or a stage, of which it is the newest; None if none is."""
        found = self._connection.ask("version", name=name, wanted=wanted)
        return None if found is None else read(ModelVersion, found)

    def promotions(self, name: str, alias: str | None = None) -> list[Promotion]:
        """Return what was decided about a registered model, or about one alias of it, in the order decided."""
        return list(read(tuple[Promotion, ...], self._connection.ask("promotions", name=name, alias=alias)))

    def promotion(self, promotion_id: str) -> Promotion | None:
        """Return one decision; None if it has not been made."""
        found = self._connection.ask("promotion", promotion_id=promotion_id)
        return None if found is None else read(Promotion, found)

    def deleted(self, model_ids: Collection[str]) -> set[str]:
        """Return those of some logged models that were deleted."""
        return set(self._connection.ask("deleted", model_ids=list(model_ids)))

    def pins(self, model_id: str) -> tuple[str, ...]:
        """Return which aliases mean a logged model, as `name@alias`."""
        return read(tuple[str, ...], self._connection.ask("pins", model_id=model_id))

    def checkpoints(self, query: Query, keys: Collection[str]) -> list[Checkpoint]:
        """Refuse: a plan of what to keep is made where the store is."""
        del query, keys
        raise NotSupported("a list of all checkpoints with their values", "ask for a plan of what to keep")
