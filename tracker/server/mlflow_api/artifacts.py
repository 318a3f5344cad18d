"""Files: by the proxy's paths, as MLflow's clients send and fetch them, and by run, as they list them.

What a client says is a path below what this server has handed out, `<experiment>/<run>/artifacts/…` or
`<experiment>/models/<model>/artifacts/…`; it is never a path of this machine's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Annotated, NamedTuple

from ...entities import File
from ...entities.records import AddFiles
from ...errors import RunNotFound
from ..concerns import Kind, Thing, run
from ..fields import Shape, required
from ..http import Request, Response, file_response
from ..kept_files import receive, remove
from ..problems import Problem, bad_value
from ..replies import Reply
from ..routes import Permission, Route
from ..service import Service
from . import answer_shapes, answers
from .answers import Json

_PROXY = "/api/2.0/mlflow-artifacts"
_OF_RUN = re.compile(r"(?:.*/)?([0-9a-f]{32})/artifacts(?:/(.*))?", re.DOTALL)
_OF_MODEL = re.compile(r"(?:.*/)?models/(m-[0-9a-f]{32})/artifacts(?:/(.*))?", re.DOTALL)
# Other systems' paths, and what no path holds.
_NO_PATH = re.compile(r"[\\\0]|(^|/)[a-zA-Z]:(/|$)")
# Whose what is that belongs to no run and no model.
_NOBODY = "proxied"
_MOST_BYTES = 10 * 2**20


class Place(NamedTuple):
    """Whose files, and the path below them; empty is all of them."""

    owner: str
    path: str


class ListProxied(Shape):
    """A folder, by the proxy's path."""

    path: str = ""


class ListOfRun(Shape):
    """A folder of a run."""

    run_id: str = ""
    run_uuid: str = ""
    path: str = ""


class FileOfRun(Shape):
    """A file of a run, by its ID or, as older clients say it, its UUID."""

    run_id: str = ""
    run_uuid: str = ""
    path: str = ""


def place_of(path: str) -> Place:
    """Return what a path of the proxy's means.

    Raises:
        Problem: it leaves the folder that it is in, or is none.
    """
    whole = relative_of(path)
    for pattern in (_OF_MODEL, _OF_RUN):
        found = pattern.fullmatch(whole)
        if found:
            return Place(found[1], found[2] or "")
    return Place(_NOBODY, whole)


def relative_of(path: str) -> str:
    """Return a path below a folder, as it is kept.

    Raises:
        Problem: it is none.
    """
    parts = PurePosixPath(path).parts
    if path.startswith("/") or "//" in path or {"..", "~"} & {*parts} or _NO_PATH.search(path):
        raise bad_value("Invalid path")
    return "/".join(parts)


async def put(service: Service, request: Request, path: str) -> Annotated[Reply, answer_shapes.Nothing]:
    """Keep a file: whole, on the disk, or not at all."""
    place = place_of(path)
    if not place.path:
        raise bad_value("Invalid path")
    file = await receive(service, place.owner, place.path, request.stream())
    await service.say(AddFiles(place.owner, (file,)))
    return Reply()


async def get(service: Service, request: Request, path: str) -> Response:
    """Return a file, or the part of it that is asked for."""
    del request
    return await sent(service, place_of(path))


async def sent(service: Service, place: Place) -> Response:
    """Return a file's bytes.

    Raises:
        Problem: there is no such file.
    """
    files = await files_of(service, place.owner)
    if any(file.path.startswith(f"{place.path}/") for file in files) or not place.path:
        raise bad_value("the path is a directory")
    kept = next((file for file in files if file.path == place.path), None)
    if kept is None:
        raise Problem("RESOURCE_DOES_NOT_EXIST", "there is no such file")
    path = service.engine.recorder.artifacts.place(place.owner, place.path)
    if not path.is_file():
        raise Problem("RESOURCE_DOES_NOT_EXIST", "the file is missing from the store; tracker doctor says what else is")
    return file_response(path, kept, service.checked)


async def list_proxied(service: Service, asked: ListProxied) -> Annotated[Json, answer_shapes.Files]:
    """Return what is in a folder, by names relative to it."""
    place = place_of(asked.path)
    found = children(await files_of(service, place.owner), place.path)
    depth = len(place.path) + 1 if place.path else 0
    return answers.filled({"files": [{**entry, "path": entry["path"][depth:]} for entry in found]})


async def delete(service: Service, request: Request, path: str) -> Annotated[Reply, answer_shapes.Nothing]:
    """Remove a file, or all that is in a folder; what is not there is removed already."""
    del request
    place = place_of(path)
    if not place.path:
        raise bad_value("Invalid path")
    await remove(service, place.owner, place.path)
    return Reply()


async def list_of_run(service: Service, asked: ListOfRun) -> Annotated[Json, answer_shapes.FilesBelow]:
    """Return what is in a folder of a run, by names relative to the run's."""
    run_id = required("run_id", asked.run_id or asked.run_uuid)
    run = await service.run(run_id)
    if run is None:
        raise RunNotFound(run_id)
    found = children(await files_of(service, run_id), relative_of(asked.path))
    return answers.filled({"root_uri": run.artifact_uri, "files": found})


async def get_of_run(service: Service, request: Request) -> Response:
    """Return a file of a run, for a page."""
    run_id = _read_from(request)
    if await service.run(run_id) is None:
        raise RunNotFound(run_id)
    return await sent(service, Place(run_id, relative_of(required("path", request.query_params.get("path")))))


async def put_of_run(service: Service, request: Request) -> Annotated[Reply, answer_shapes.Nothing]:
    """Keep a file of a run, from a page."""
    run_id, path = _put_into(request), request.query_params.get("path")
    if not path:
        raise bad_value("Request must specify path.")
    path = relative_of(path)
    if request.headers.get("content-length") == "0":
        raise bad_value("Request must specify data.")
    if await service.run(run_id) is None:
        raise RunNotFound(run_id)
    file = await receive(service, run_id, path, request.stream(), _MOST_BYTES)
    await service.say(AddFiles(run_id, (file,)))
    return Reply()


async def no_parts(service: Service, request: Request, **_: str) -> Annotated[Reply, answer_shapes.Nothing]:
    """Refuse to take a file in parts: one that is streamed to this disk gains nothing by them."""
    del service, request
    raise Problem("NOT_IMPLEMENTED", "Multipart upload is not supported for the current artifact repository")


async def files_of(service: Service, owner: str) -> list[File]:
    """Return the files of a run or a logged model, by path."""
    await service.settle()
    return await service.store.files(owner)


def children(files: Iterable[File], folder: str) -> list[Json]:
    """Return the files and folders that are directly in a folder, by path."""
    found: dict[str, Json] = {}
    prefix = f"{folder}/" if folder else ""
    for file in files:
        if file.path.startswith(prefix):
            name, deeper, _ = file.path.removeprefix(prefix).partition("/")
            path = prefix + name
            found[path] = (
                {"path": path, "is_dir": True} if deeper else {"path": path, "is_dir": False, "file_size": file.size}
            )
    return [found[path] for path in sorted(found)]


def _its_owner(asked: Request | ListProxied) -> list[Thing]:
    place = place_of(asked.path if isinstance(asked, ListProxied) else asked.path_params["path"])
    kind = Kind.NOTHING if place.owner == _NOBODY else Kind.MODEL if place.owner.startswith("m-") else Kind.RUN
    return [Thing(kind, place.owner)]


def _its_run(asked: ListOfRun) -> list[Thing]:
    return [run(required("run_id", asked.run_id or asked.run_uuid))]


def _run_to_read(request: Request) -> list[Thing]:
    return [run(_read_from(request))]


def _run_to_change(request: Request) -> list[Thing]:
    return [run(_put_into(request))]


def _read_from(request: Request) -> str:
    return required("run_id", request.query_params.get("run_id") or request.query_params.get("run_uuid"))


def _put_into(request: Request) -> str:
    run_id = request.query_params.get("run_uuid")
    if not run_id:
        raise bad_value("Request must specify run_uuid.")
    return run_id


def routes() -> list[Route]:
    """Return the routes of files."""
    parts = [f"{_PROXY}/mpu/{act}/{{path:path}}" for act in ("create", "complete", "abort")]
    return [
        Route("PUT", f"{_PROXY}/artifacts/{{path:path}}", put, Shape, Permission.EDIT, files=True, concerns=_its_owner),
        Route("GET", f"{_PROXY}/artifacts/{{path:path}}", get, Shape, Permission.READ, files=True, concerns=_its_owner),
        Route(
            "DELETE",
            f"{_PROXY}/artifacts/{{path:path}}",
            delete,
            Shape,
            Permission.EDIT,
            files=True,
            concerns=_its_owner,
        ),
        Route("GET", f"{_PROXY}/artifacts", list_proxied, ListProxied, Permission.READ, concerns=_its_owner),
        *(Route("POST", path, no_parts, Shape, Permission.EDIT, files=True, concerns=_its_owner) for path in parts),
        Route(
            "GET",
            f"{_PROXY}/presigned/{{path:path}}",
            no_parts,
            Shape,
            Permission.READ,
            files=True,
            concerns=_its_owner,
        ),
        Route("GET", "/api/2.0/mlflow/artifacts/list", list_of_run, ListOfRun, Permission.READ, concerns=_its_run),
        Route("GET", "/get-artifact", get_of_run, FileOfRun, Permission.READ, files=True, concerns=_run_to_read),
        Route(
            "POST",
            "/api/2.0/mlflow/upload-artifact",
            put_of_run,
            FileOfRun,
            Permission.EDIT,
            files=True,
            concerns=_run_to_change,
        ),
    ]
