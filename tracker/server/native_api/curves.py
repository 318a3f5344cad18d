"""Curves as columns of bytes: one route for each method of `Runs`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

from anyio import to_thread

from ...entities import History
from ...filter import DatasetFilter
from ...store.rest.columns import Column, pack
from ..concerns import Thing, run, runs
from ..problems import bad_value
from ..replies import Reply
from ..routes import Route
from ..service import Service
from .asking import route

_BYTES = b"application/octet-stream"
# More than any chart has pixels.
_MOST_BUCKETS = 100_000


@dataclass(frozen=True, slots=True)
class OneHistory:
    """One curve, or what is new of it."""

    run_id: str
    key: str
    dataset: DatasetFilter | None = None
    since: str | None = None


@dataclass(frozen=True, slots=True)
class ManyHistories:
    """The curves of many runs, or what is new of them."""

    run_ids: tuple[str, ...]
    keys: tuple[str, ...] | None = None
    since: str | None = None


@dataclass(frozen=True, slots=True)
class InBuckets:
    """One curve, in so many buckets or fewer."""

    run_id: str
    key: str
    most: int
    dataset: DatasetFilter | None = None


@dataclass(frozen=True, slots=True)
class RunIds:
    """Some runs."""

    run_ids: tuple[str, ...]


async def running(service: Service, asked: RunIds) -> object:
    """Return whether any of these runs has not ended."""
    await service.settle()
    return await service.store.running(asked.run_ids)


async def history(service: Service, asked: OneHistory) -> Reply:
    """Return a curve's steps, timestamps and values."""
    await service.settle()
    found = await service.store.history(asked.run_id, asked.key, asked.dataset, asked.since)
    return await _columns(found.cursor, _of(found))


async def histories(service: Service, asked: ManyHistories) -> Reply:
    """Return the steps, timestamps and values of many curves, one after the other."""
    await service.settle()
    found = await service.store.histories(asked.run_ids, asked.keys, asked.since)
    head = {"cursor": found.cursor, "curves": [(*named, each.cursor) for named, each in found.items()]}
    return await _columns(head, [column for each in found.values() for column in _of(each)])


async def buckets(service: Service, asked: InBuckets) -> Reply:
    """Return the columns of a curve's buckets."""
    if not 1 <= asked.most <= _MOST_BUCKETS:
        raise bad_value(f"a curve is cut into 1 to {_MOST_BUCKETS} buckets")
    await service.settle()
    found = await service.store.buckets(asked.run_id, asked.key, asked.dataset, asked.most)
    return await _columns(None, [getattr(found, each.name) for each in fields(found)])


def routes() -> list[Route]:
    """Return the routes of curves."""
    return [
        route("running", RunIds, running, _their_runs),
        route("history", OneHistory, history, _its_run),
        route("histories", ManyHistories, histories, _their_runs),
        route("buckets", InBuckets, buckets, _its_run),
    ]


def _its_run(asked: OneHistory | InBuckets) -> Iterable[Thing]:
    return [run(asked.run_id)]


def _their_runs(asked: ManyHistories | RunIds) -> Iterable[Thing]:
    return runs(asked.run_ids)


def _of(curve: History) -> list[Column]:
    return [curve.steps, curve.timestamps, curve.values]


async def _columns(head: object, columns: Sequence[Column]) -> Reply:
    return Reply(body=await to_thread.run_sync(pack, head, columns), kind=_BYTES)
