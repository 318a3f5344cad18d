"""Whatever is lost or doubled on the way to a server, each edit of the registry is carried out once, and answered."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import tracker
from tests.serving import served
from tracker.entities.registry_edits import Done
from tracker.errors import RegisteredModelExists, StoreUnavailable
from tracker.store.sqlite.edits import once

from .breaking import FATES, BreakingProxy, breaking

SOURCES = [f"s3://bucket/{number}" for number in range(1, 13)]
Serve = Callable[[Path], str]


@pytest.fixture
def proxy(serve: Serve, store: Path) -> Iterator[BreakingProxy]:
    with breaking(serve(store), seed=3) as found:
        yield found


def edited(address: str) -> tracker.RegisteredModel:
    """Edit in all ways; return what came of it."""
    with tracker.open(address) as opened:
        registry = opened.registry
        registry.create("draft", tags={"team": "a"})
        numbers = [registry.register(source, "draft").version for source in SOURCES]
        registry.rename("draft", "digits")
        registry.delete_version("digits", 12)
        for number in numbers[:-1]:
            registry.set_stage("digits", number, "Production", archive=True)
            registry.set_tags("digits", {"n": number}, version=number)
            registry.describe("digits", f"of {number}")
        registry.delete_tag("digits", "team")
        registry.create("gone")
        registry.delete("gone")
        assert numbers == list(range(1, 13))
        return registry.get("digits")


def test_each_edit_is_carried_out_once(proxy: BreakingProxy, store: Path) -> None:
    found = edited(proxy.address)
    assert set(proxy.fates) == set(FATES)
    assert [each.source for each in found.versions] == SOURCES[:11]
    assert [each.stage for each in found.versions] == ["Archived"] * 10 + ["Production"]
    assert [each.tags for each in found.versions] == [{"n": str(number)} for number in range(1, 12)]
    assert (found.description, found.tags) == ("of 11", {})
    with tracker.open(store) as opened:
        assert [each.name for each in opened.registered_models()] == ["digits"]


def test_if_answers_were_not_kept_what_was_lost_would_be_done_twice(
    proxy: BreakingProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def every_time(_: sqlite3.Connection, __: object, edit: Callable[[], object]) -> Done:
        return Done(edit(), is_new=True)

    monkeypatch.setattr(once, "carry_out", every_time)
    with pytest.raises((AssertionError, RegisteredModelExists)):
        edited(proxy.address)


def test_who_has_no_answer_in_time_is_told_that_it_may_be_done(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKER_SPOOL", str(tmp_path / "spool"))
    monkeypatch.setattr("tracker.store.rest.connection.PATIENCE_SECONDS", 0.1)
    with served(store) as address:
        opened = tracker.open(address)
    with opened, pytest.raises(StoreUnavailable, match="it may have been carried out all the same, so look"):
        opened.registry.create("digits")
