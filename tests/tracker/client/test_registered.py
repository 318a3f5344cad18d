"""`tracker.registry`: registered models made, changed, searched and deleted from code."""

from __future__ import annotations

from pathlib import Path

import pytest

import tracker
from tracker.errors import (
    Closed,
    InvalidFilter,
    InvalidInput,
    ModelNotFound,
    RegisteredModelExists,
    RegisteredModelNotFound,
    VersionNotFound,
)


def save(folder: Path) -> None:
    (folder / "w").write_bytes(b"weights")


@pytest.fixture
def registry(opened: tracker.Tracker) -> tracker.Registry:
    return opened.registry


@pytest.fixture
def model(opened: tracker.Tracker) -> tracker.LoggedModel:
    run = opened.start_run("nets")
    return run.log_model("net", save)


def test_one_is_made_changed_and_deleted(registry: tracker.Registry) -> None:
    made = registry.create("digits", description="reads digits", tags={"team": "a", "n": 1})
    assert (made.name, made.description, made.tags) == ("digits", "reads digits", {"team": "a", "n": "1"})
    with pytest.raises(RegisteredModelExists):
        registry.create("digits")
    registry.describe("digits", "reads letters")
    registry.set_tags("digits", {"team": "b"})
    registry.delete_tag("digits", "n")
    renamed = registry.rename("digits", "letters")
    assert renamed == registry.get("letters")
    assert (renamed.description, renamed.tags) == ("reads letters", {"team": "b"})
    registry.delete("letters")
    with pytest.raises(RegisteredModelNotFound):
        registry.get("letters")


def test_a_logged_model_is_registered_however_it_is_named(
    opened: tracker.Tracker, registry: tracker.Registry, model: tracker.LoggedModel
) -> None:
    first = registry.register(model, "digits", description="first", tags={"a": 1})
    assert (first.version, first.model_id, first.run_id) == (1, model.model_id, model.info.run_id)
    assert (first.source, first.description, first.tags) == (f"models:/{model.model_id}", "first", {"a": "1"})
    registry.set_alias("digits", "best", 1)
    for named in (model.model_id, model.uri, "models:/digits/1", "models:/digits@best"):
        assert registry.register(named, "digits").model_id == model.model_id
    assert [each.version for each in registry.versions("digits")] == [1, 2, 3, 4, 5]
    assert opened.get_logged_model("models:/digits/5").model_id == model.model_id
    assert "digits" in opened.get_logged_model(model.model_id).info.tags["mlflow.modelVersions"]


def test_any_other_source_is_kept_as_it_is(opened: tracker.Tracker, registry: tracker.Registry) -> None:
    assert registry.register("s3://bucket/x", "digits").source == "s3://bucket/x"
    copy = registry.register("models:/digits/1", "letters")
    assert (copy.source, copy.model_id) == ("s3://bucket/x", None)
    with pytest.raises(ModelNotFound):
        opened.get_logged_model("models:/letters/1")


@pytest.mark.parametrize("source", ["", " ", "a\0b", "x" * 6001])
def test_what_cannot_be_a_source_is_refused(registry: tracker.Registry, source: str) -> None:
    with pytest.raises(InvalidInput, match="made of a logged model or of a URI"):
        registry.register(source, "digits")
    assert registry.search() == []


def test_what_is_not_there_cannot_be_registered(registry: tracker.Registry) -> None:
    with pytest.raises(ModelNotFound):
        registry.register("m-" + "0" * 32, "digits")
    with pytest.raises(RegisteredModelNotFound):
        registry.register("models:/nowhere/1", "digits")
    assert registry.search() == []


def test_a_stage_means_its_newest_version(
    opened: tracker.Tracker, registry: tracker.Registry, model: tracker.LoggedModel
) -> None:
    for source in (model, "s3://x", model, "s3://x"):
        registry.register(source, "digits")
    assert registry.set_stage("digits", 1, "production").stage is tracker.Stage.PRODUCTION
    registry.set_stage("digits", 3, "Production")
    assert registry.version("digits", "PRODUCTION").version == 3
    assert opened.get_logged_model("models:/digits/Production").model_id == model.model_id
    registry.set_stage("digits", 4, "Production", archive=True)
    assert [each.stage for each in registry.versions("digits")] == ["Archived", "None", "Archived", "Production"]
    with pytest.raises(VersionNotFound):
        opened.get_logged_model("models:/digits/Staging")
    with pytest.raises(InvalidInput, match="it is one of None, Staging, Production, Archived"):
        registry.set_stage("digits", 4, "live")
    with pytest.raises(InvalidInput, match="archived only from Staging and Production"):
        registry.set_stage("digits", 4, "Archived", archive=True)


def test_versions_are_found_changed_and_deleted(registry: tracker.Registry) -> None:
    for _ in range(3):
        registry.register("s3://x", "digits")
    registry.set_alias("digits", "best", 2)
    found = [registry.version("digits", wanted).version for wanted in (1, "1", "@best", "latest")]
    assert (found, registry.version("digits").version) == ([1, 1, 2, 3], 3)
    registry.describe("digits", "the second", version=2)
    registry.set_tags("digits", {"a": "b", "c": "d"}, version=2)
    registry.delete_tag("digits", "c", version=2)
    second = registry.version("digits", 2)
    assert (second.description, second.tags, second.aliases) == ("the second", {"a": "b"}, ("best",))
    registry.delete_version("digits", 2)
    assert registry.get("digits").aliases == {}
    with pytest.raises(VersionNotFound):
        registry.delete_version("digits", 2)
    assert registry.register("s3://x", "digits").version == 4
    registry.set_alias("digits", "best", 4)
    registry.delete_alias("digits", "best")
    with pytest.raises(VersionNotFound):
        registry.version("digits", "@best")


@pytest.mark.parametrize("version", ["1", 1.0, True, None])
def test_a_version_is_a_whole_number(registry: tracker.Registry, version: object) -> None:
    with pytest.raises(InvalidInput, match="a version is a whole number"):
        registry.delete_version("digits", version)  # type: ignore[arg-type]  # bad input is the point


def test_they_are_searched_page_by_page_and_become_tables(registry: tracker.Registry) -> None:
    for name in ("b", "a", "c"):
        registry.create(name, tags={"kind": name})
        registry.register(f"s3://{name}", name)
    assert [each.name for each in registry.search()] == ["a", "b", "c"]
    page = registry.search("tags.kind != 'b'", order_by="name DESC", max_results=1)
    assert ([each.name for each in page], bool(page.next_page_token)) == (["c"], True)
    rest = registry.search("tags.kind != 'b'", order_by="name DESC", max_results=1, page_token=page.next_page_token)
    assert ([each.name for each in rest], rest.next_page_token) == (["a"], None)
    assert [each.source for each in registry.search_versions("name IN ('a', 'b')", order_by=["name"])] == [
        "s3://a",
        "s3://b",
    ]
    columns = {column.name: list(column.values) for column in registry.search(order_by=["name"]).columns()}
    assert (columns["name"], columns["tags.kind"]) == (["a", "b", "c"], ["a", "b", "c"])
    versions = registry.search_versions(order_by=["name"], fields=["name", "version", "stage"]).columns()
    assert [list(column.values) for column in versions] == [["a", "b", "c"], [1, 1, 1], ["None"] * 3]
    with pytest.raises(InvalidFilter, match="unknown entity 'metrics'"):
        registry.search("metrics.a > 1")


def test_names_are_checked_and_explained(registry: tracker.Registry) -> None:
    registry.create("digits")
    with pytest.raises(InvalidInput, match="neither / nor : may be in it"):
        registry.create("a/b")
    with pytest.raises(InvalidInput):
        registry.rename("digits", "a:b")
    with pytest.raises(RegisteredModelNotFound, match="did you mean 'digits'"):
        registry.get("digit")


def test_a_closed_tracker_has_no_registry(store: Path) -> None:
    with tracker.open(store) as opened:
        registry = opened.registry
    with pytest.raises(Closed):
        registry.search()


@pytest.mark.anyio
async def test_async_code_uses_the_same_words(store: Path) -> None:
    async with tracker.connect(store) as opened:
        await opened.registry.register("s3://x", "digits")
        moved = await opened.registry.set_stage("digits", 1, "Staging")
        assert moved == await opened.registry.version("digits", "staging")
        assert [each.name for each in await opened.registry.search("name LIKE 'd%'")] == ["digits"]
