"""Files that come over HTTP, as they are kept in the store and taken out of it."""

from __future__ import annotations

import errno
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import anyio
from anyio import to_thread

from ..entities import File, ModelStatus
from ..entities.edits import RemoveFiles
from ..filter import Subject
from .problems import Problem, bad_value
from .service import Service

# How long a client may take to send the next piece of a file.
PIECE_SECONDS = 60.0
# What a name may be is the file system's to say.
_NO_NAME = {errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ}
# What MLflow writes again when a ready model gets another signature, or other requirements.
_DESCRIBING = {"MLmodel", "conda.yaml", "python_env.yaml", "requirements.txt"}
# What is written of a file at once.
_PIECE_BYTES = 1024 * 1024


async def receive(
    service: Service,
    owner: str,
    path: str,
    chunks: AsyncIterable[bytes],
    most: int | None = None,
    sha256: str = "",
) -> File:
    """Keep a file whose bytes are still coming; whole and on the disk, or nothing of it.

    Raises:
        InvalidInput: its SHA-256 is another one than was said.
        Problem: there are more bytes than may be, or the disk is full; or other bytes must stay in its place.
    """
    size = 0
    try:
        with service.engine.recorder.artifacts.receive(owner, path) as arriving:
            async with _ahead(_gathered(_in_time(chunks))) as pieces:
                async for piece in pieces:
                    size += len(piece)
                    if most is not None and size > most:
                        raise Problem("REQUEST_TOO_LARGE", f"a file has at most {most} bytes here")
                    await to_thread.run_sync(arriving.write, piece)
            if any(file.sha256 != arriving.sha256 for file in await _staying(service, owner, path)):
                raise _ready(owner, path)
            file = await to_thread.run_sync(arriving.keep, sha256)
            service.checked.add(service.engine.recorder.artifacts.place(owner, path))
            return file
    except (IsADirectoryError, NotADirectoryError, FileExistsError) as problem:
        raise bad_value("a file and a folder cannot have one path") from problem
    except OSError as problem:
        if problem.errno in _NO_NAME:
            raise bad_value(f"the path cannot be kept: {problem.strerror}") from problem
        raise Problem("INSUFFICIENT_STORAGE", f"the file cannot be kept: {problem.strerror}") from problem


async def remove(service: Service, owner: str, path: str) -> None:
    """Remove a file, or all in a folder.

    Raises:
        Problem: one of them must stay.
    """
    if await _staying(service, owner, path):
        raise _ready(owner, path)
    # What was said of a file before must not come after this.
    await service.engine.settle()
    paths = await service.edit(RemoveFiles(owner, path))
    for each in cast("list[str]", paths):
        await to_thread.run_sync(service.engine.recorder.artifacts.discard, owner, each)


async def _staying(service: Service, owner: str, path: str) -> list[File]:
    """Return what must stay as it is, at a path and below it: the files of a ready model, for they were ranked.

    What describes a model stays from its first registered version on.
    """
    model = await service.model(owner) if owner.startswith("m-") else None
    if model is None or model.status is not ModelStatus.READY:
        return []
    version = await service.one(Subject.MODEL_VERSIONS, "model_id", owner)
    return [
        file
        for file in await service.store.files(owner)
        if f"{file.path}/".startswith(f"{path}/") and (version or file.path not in _DESCRIBING)
    ]


def _ready(model_id: str, path: str) -> Problem:
    return bad_value(f"{model_id} is ready, and {path!r} stays as it is; log another model")


@asynccontextmanager
async def _ahead(pieces: AsyncIterator[bytes]) -> AsyncIterator[AsyncIterable[bytes]]:
    """Wait for the next piece while somebody deals with the one before."""
    to, from_ = anyio.create_memory_object_stream[bytes]()

    async def read() -> None:
        async with to:
            async for piece in pieces:
                await to.send(piece)

    try:
        async with anyio.create_task_group() as tasks, from_:
            tasks.start_soon(read)
            yield from_
            tasks.cancel_scope.cancel()
    except ExceptionGroup as problems:
        raise problems.exceptions[0] from problems.exceptions[0].__cause__


async def _gathered(chunks: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """Make few large pieces of many small ones, each of which would cost a thread's turn."""
    gathered: list[bytes] = []
    size = 0
    async for chunk in chunks:
        gathered.append(chunk)
        size += len(chunk)
        if size >= _PIECE_BYTES:
            yield b"".join(gathered)
            gathered, size = [], 0
    yield b"".join(gathered)


async def _in_time(chunks: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """Yield pieces as they come.

    Raises:
        Problem: the next one does not come in time.
    """
    pieces = aiter(chunks)
    while True:
        with anyio.move_on_after(PIECE_SECONDS) as waiting:
            try:
                piece = await anext(pieces)
            except StopAsyncIteration:
                return
        if waiting.cancelled_caught:
            raise Problem("REQUEST_TIMEOUT", f"nothing came for {PIECE_SECONDS:g} s")
        yield piece
