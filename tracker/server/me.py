"""Who asks, and what they may do."""

from __future__ import annotations

from typing import Annotated

from .auth.roles import Role
from .fields import Answer, Shape
from .mlflow_api.answers import Json
from .routes import Permission, Route
from .service import Service


class Nothing(Shape):
    """A request that says nothing."""


class Me(Answer):
    """A user: their name, "" where nobody signs in, and the roles that were given to them, by ID and by name."""

    name: str
    is_admin: bool
    default_role: Role
    experiments: dict[str, Role]
    registered_models: dict[str, Role]


async def me(service: Service, asked: Nothing) -> Annotated[Json, Me]:
    """Say who asks, whether they may do everything, and else their roles."""
    del asked
    viewer = service.viewer
    return {
        "name": viewer.name,
        "is_admin": viewer.is_admin,
        "default_role": viewer.floor,
        "experiments": dict(viewer.experiments),
        "registered_models": dict(viewer.registered_models),
    }


def routes() -> list[Route]:
    """Return the routes of who asks."""
    return [Route("GET", "/api/tracker/1/me", me, Nothing, Permission.SIGNED_IN)]
