"""Files of runs and logged models: kept when they are whole and what they are said to be, given, and removed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from anyio import to_thread

from ...errors import InvalidInput
from ..concerns import Thing, owner_of
from ..http import Request, Response, file_response
from ..kept_files import receive
from ..mlflow_api.artifacts import relative_of
from ..problems import Problem
from ..replies import Reply
from ..routes import Permission, Route
from ..service import Service
from .asking import raw_route, route

_OWNER = re.compile(r"(m-)?[0-9a-f]{32}")
_MODEL = re.compile(r"m-[0-9a-f]{32}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Owner:
    """A run, or a logged model."""

    owner: str


async def files(service: Service, asked: Owner) -> object:
    """Return the files of a run or a logged model, by path."""
    await service.settle()
    return await service.store.files(asked.owner)


async def put(service: Service, request: Request, owner: str, path: str) -> Reply:
    """Keep a file if its bytes have the SHA-256 that is said; else nothing of it.

    A journal says later that it is there.
    """
    sha256 = request.query_params.get("sha256", "")
    if not _SHA256.fullmatch(sha256):
        raise InvalidInput("sha256 is 64 hexadecimal digits")
    await receive(service, _owner(owner), relative_of(path), request.stream(), sha256=sha256)
    return Reply()


async def get(service: Service, request: Request, owner: str, path: str) -> Response:
    """Return a file's bytes."""
    del request
    await service.settle()
    wanted = relative_of(path)
    kept = next((file for file in await service.store.files(_owner(owner)) if file.path == wanted), None)
    if kept is None:
        raise Problem("RESOURCE_DOES_NOT_EXIST", "there is no such file")
    place = service.engine.recorder.artifacts.place(owner, wanted)
    if not place.is_file():
        raise Problem("RESOURCE_DOES_NOT_EXIST", f"{owner}: file {wanted!r} is missing from the store")
    return file_response(place, kept, service.checked)


async def remove(service: Service, request: Request, owner: str) -> Reply:
    """Remove the files of a logged model that was deleted."""
    del request
    if not _MODEL.fullmatch(owner):
        raise InvalidInput("files are removed of logged models that were deleted")
    if not await service.read("deleted", lambda: service.store.registry.deleted([owner])):
        raise InvalidInput(f"{owner} was not deleted, so its files stay")
    await to_thread.run_sync(service.engine.recorder.artifacts.remove, owner)
    return Reply()


def routes() -> list[Route]:
    """Return the routes of files."""
    one = "files/{owner}/{path:path}"
    return [
        route("files", Owner, files, _whose),
        raw_route("PUT", one, put, Permission.EDIT, _whose_or_new),
        raw_route("GET", one, get, Permission.READ, _whose_in),
        raw_route("DELETE", "files/{owner}", remove, Permission.EDIT, _whose_in),
    ]


def _whose(asked: Owner) -> list[Thing]:
    return [owner_of(asked.owner)]


def _whose_in(request: Request) -> list[Thing]:
    return [owner_of(request.path_params["owner"])]


def _whose_or_new(request: Request) -> list[Thing]:
    # Files are sent before the journal that tells whose they are.
    return [owner_of(request.path_params["owner"], may_be_new=True)]


def _owner(owner: str) -> str:
    if not _OWNER.fullmatch(owner):
        raise InvalidInput("files belong to a run or a logged model, by its ID")
    return owner
