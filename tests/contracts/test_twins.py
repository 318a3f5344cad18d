"""Sync and async code use the same words: what the async client offers, the sync one does too, in the same way."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping

import pytest

import tracker
from tracker.client import connect, open_tracker

TWINS: list[tuple[type, type]] = [
    (tracker.AsyncTracker, tracker.Tracker),
    (tracker.AsyncRegistry, tracker.Registry),
    (tracker.AsyncRun, tracker.Run),
    (tracker.AsyncLoggedModel, tracker.LoggedModel),
]
# What an async object awaits, a sync one returns.
SYNC_NAMES = {
    "AsyncRegistry": "Registry",
    "AsyncRun": "Run",
    "AsyncLoggedModel": "LoggedModel",
    "Done": "None",
    "AsyncIterator": "Iterator",
}


def public(kind: type) -> dict[str, object]:
    return {name: inspect.getattr_static(kind, name) for name in dir(kind) if not name.startswith("_")}


def signature(kind: type, name: str) -> inspect.Signature:
    # What is derived from its twin says so by `__wrapped__`.
    return inspect.signature(inspect.unwrap(getattr(kind, name)))


def parameters(found: Mapping[str, inspect.Parameter]) -> list[tuple[str, object, object, object]]:
    return [(each.name, each.kind, each.default, each.annotation) for each in found.values() if each.name != "self"]


METHODS = [
    pytest.param(there, here, name, id=f"{there.__name__}.{name}")
    for there, here in TWINS
    for name, each in public(there).items()
    if callable(each)
]


@pytest.mark.parametrize(("there", "here", "name"), METHODS)
def test_an_async_method_has_a_sync_twin_of_the_same_parameters(there: type, here: type, name: str) -> None:
    assert name in public(here)
    asked, given = signature(there, name), signature(here, name)
    assert parameters(given.parameters) == parameters(asked.parameters)
    wanted = str(asked.return_annotation)
    for old, new in SYNC_NAMES.items():
        wanted = wanted.replace(old, new)
    assert str(given.return_annotation) == wanted


@pytest.mark.parametrize(("there", "here", "name"), METHODS)
def test_both_are_documented(there: type, here: type, name: str) -> None:
    assert inspect.getdoc(getattr(there, name))
    assert inspect.getdoc(getattr(here, name))


@pytest.mark.parametrize(("there", "here"), TWINS)
def test_an_async_property_has_a_sync_twin(there: type, here: type) -> None:
    properties = {name for name, each in public(there).items() if isinstance(each, property)}
    assert properties <= set(public(here))


def test_opening_has_the_same_parameters() -> None:
    asked: Callable[..., object] = inspect.unwrap(connect)
    given: Callable[..., object] = open_tracker
    assert parameters(inspect.signature(given).parameters) == parameters(inspect.signature(asked).parameters)
