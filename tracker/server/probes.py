"""Whether it is up, and what it is."""

from __future__ import annotations

from typing import Annotated

from ..store.rest.address import PREFIX
from .fields import Shape
from .mlflow_api import answer_shapes
from .mlflow_api.answers import Json
from .replies import TEXT, Reply, text_reply
from .routes import Permission, Route
from .service import Service

# The version of MLflow whose protocol this is: its clients compare it with their own.
PROTOCOL = "3.17.2"


class Nothing(Shape):
    """A request that says nothing."""


async def health(service: Service, asked: Nothing) -> Annotated[Reply, TEXT]:
    """Say that it is up."""
    del service, asked
    return text_reply("OK")


async def version(service: Service, asked: Nothing) -> Annotated[Reply, TEXT]:
    """Say whose protocol it speaks."""
    del service, asked
    return text_reply(PROTOCOL)


async def server_info(service: Service, asked: Nothing) -> Annotated[Json, answer_shapes.ServerInfo]:
    """Say what it can do."""
    del service, asked
    return {
        "store_type": "SqlStore",
        "workspaces_enabled": False,
        "trace_archival_enabled": False,
        "multipart_uploads_enabled": False,
        "multipart_downloads_enabled": False,
        "presigned_upload_run_id_supported": False,
        "presigned_upload_model_id_supported": False,
        "features_enabled": {},
    }


async def native(service: Service, asked: Nothing) -> Json:
    """Say that clients of ours are answered, and by which words."""
    del service, asked
    return {"server": "tracker", "api": 1}


def routes() -> list[Route]:
    """Return the routes of probes."""
    return [
        Route("GET", f"{PREFIX}/server", native, Nothing, Permission.SIGNED_IN),
        Route("GET", "/health", health, Nothing, Permission.ANYONE),
        Route("GET", "/version", version, Nothing, Permission.ANYONE),
        Route("GET", "/api/3.0/mlflow/server-info", server_info, Nothing, Permission.ANYONE),
    ]
