"""What every store keeps to when registered models are edited: decided on what is stored, and answered."""

from __future__ import annotations

import json

import pytest

from tracker.entities import ModelVersion, RegisteredModel, Stage, edits
from tracker.entities.edits import Edit
from tracker.entities.records import CreateModel, FinishModel, MeasureModel, Promote, StartRun
from tracker.entities.registry_edits import (
    AddVersion,
    CreateRegistered,
    DeleteRegistered,
    DeleteRegisteredTag,
    DeleteVersion,
    DescribeRegistered,
    MoveAlias,
    Once,
    RenameRegistered,
    SetRegisteredTags,
    SetStage,
)
from tracker.errors import (
    ModelNotFound,
    RegisteredModelExists,
    RegisteredModelNotFound,
    TrackerError,
    VersionNotFound,
)
from tracker.filter import Subject, parse, parse_order
from tracker.store.batch import Batch
from tracker.store.interface import Query, Store
from tracker.store.sqlite.edits import once

from .conftest import NewStore

pytestmark = pytest.mark.anyio

RUN, MODEL = "a" * 32, "m-" + "1" * 32
HUGE = 10**30


@pytest.fixture
async def kept(kept: Store) -> Store:
    await do(kept, CreateRegistered("net", 1, "what it is", {"team": "a"}))
    return kept


async def do(store: Store, *asked: Edit) -> list[object]:
    answers = await store.edit(asked)
    for answer in answers:
        if isinstance(answer, TrackerError):
            raise answer
    return answers


async def versions(store: Store, count: int, name: str = "net") -> None:
    await do(store, *(AddVersion(name, f"s3://b/{number}", 10 + number) for number in range(1, count + 1)))


async def checkpoint(store: Store) -> None:
    records = StartRun(RUN, "e", "first", None, 1), CreateModel(MODEL, RUN, "net", "", 1, 2)
    measured = MeasureModel(MODEL, RUN, 1, 2, {"acc": 0.5}, None)
    await store.commit(Batch([*records, FinishModel(MODEL, "READY", 2, RUN), measured]), {}, [])


def net(store: Store, name: str = "net") -> RegisteredModel:
    found = store.registry.registered_model(name)
    assert found is not None
    return found


def stages(store: Store) -> list[str]:
    return [each.stage for each in net(store).versions]


class TestModels:
    async def test_one_is_made_and_comes_back(self, kept: Store) -> None:
        made = RegisteredModel("net", 1, 1, (), {}, "what it is", {"team": "a"})
        assert net(kept) == made
        assert kept.registry.registered_models() == [made]
        assert kept.registry.registered_model("nets") is None

    async def test_a_name_is_taken_once(self, kept: Store) -> None:
        with pytest.raises(RegisteredModelExists, match="'net' already"):
            await do(kept, CreateRegistered("net", 2))
        assert net(kept).description == "what it is"

    async def test_a_new_name_takes_versions_aliases_and_decisions_along(self, kept: Store) -> None:
        await checkpoint(kept)
        promotion = Promote("p", "net", "best", MODEL, "acc", "maximize", None, 0.0, 5)
        await kept.commit(Batch([promotion]), {}, [])
        await do(kept, RenameRegistered("net", "mesh", 50))
        mesh = net(kept, "mesh")
        assert (mesh.aliases, mesh.last_updated_timestamp, mesh.creation_timestamp) == ({"best": 1}, 50, 1)
        assert [(each.name, each.last_updated_timestamp) for each in mesh.versions] == [("mesh", 50)]
        assert [each.name for each in kept.registry.promotions("mesh")] == ["mesh"]
        assert kept.registry.registered_model("net") is None
        assert kept.registry.promotions("net") == []

    async def test_a_new_name_must_be_free_and_may_be_the_old_one(self, kept: Store) -> None:
        await do(kept, CreateRegistered("mesh", 2))
        with pytest.raises(RegisteredModelExists):
            await do(kept, RenameRegistered("net", "mesh", 3))
        await do(kept, RenameRegistered("net", "net", 4))
        assert net(kept).last_updated_timestamp == 4

    async def test_deleting_one_takes_all_along_and_frees_the_name(self, kept: Store) -> None:
        await versions(kept, 2)
        await do(kept, MoveAlias("net", "best", 1), SetRegisteredTags("net", 1, {"a": "b"}), DeleteRegistered("net"))
        assert kept.registry.registered_models() == []
        assert kept.registry.versions("net") == []
        await do(kept, CreateRegistered("net", 9))
        assert await do(kept, AddVersion("net", "s3://b", 10)) == [1]
        assert (net(kept).tags, net(kept).aliases, net(kept).versions[0].tags) == ({}, {}, {})

    async def test_one_that_is_not_there_cannot_be_edited(self, kept: Store) -> None:
        asked: list[Edit] = [
            RenameRegistered("nets", "x", 2),
            DescribeRegistered("nets", None, "x", 2),
            DeleteRegistered("nets"),
            SetRegisteredTags("nets", None, {"a": "b"}),
            DeleteRegisteredTag("nets", None, "a"),
            AddVersion("nets", "s3://b", 2),
            DeleteVersion("nets", 1, 2),
            SetStage("nets", 1, Stage.STAGING, archive=False, timestamp=2),
            MoveAlias("nets", "best", 1),
            MoveAlias("nets", "best", None),
        ]
        answers = await kept.edit(asked)
        assert [type(answer) for answer in answers] == [RegisteredModelNotFound] * len(asked)


class TestTexts:
    async def test_descriptions_change(self, kept: Store) -> None:
        await versions(kept, 1)
        await do(kept, DescribeRegistered("net", None, "new", 20), DescribeRegistered("net", 1, "first", 30))
        (version,) = net(kept).versions
        assert (net(kept).description, net(kept).last_updated_timestamp) == ("new", 20)
        assert (version.description, version.last_updated_timestamp) == ("first", 30)

    async def test_tags_come_and_go(self, kept: Store) -> None:
        await versions(kept, 2)
        for version in (None, 2):
            await do(kept, SetRegisteredTags("net", version, {"team": "b", "b": "2"}))
            await do(kept, SetRegisteredTags("net", version, {"team": "c"}))
            await do(kept, DeleteRegisteredTag("net", version, "b"), DeleteRegisteredTag("net", version, "b"))
        assert net(kept).tags == {"team": "c"}
        assert [each.tags for each in net(kept).versions] == [{}, {"team": "c"}]


class TestVersions:
    async def test_one_is_made_and_comes_back(self, kept: Store) -> None:
        said = {"description": "d", "user_id": "me", "run_link": "http://x", "tags": {"a": "b"}}
        assert await do(kept, AddVersion("net", "s3://b", 7, "", RUN, **said)) == [1]  # type: ignore[arg-type]
        made = ModelVersion("net", 1, None, RUN, "s3://b", 7, 7, **said)  # type: ignore[arg-type]
        assert kept.registry.versions("net") == [made]
        assert net(kept).last_updated_timestamp == 7

    async def test_a_number_is_never_given_twice(self, kept: Store) -> None:
        await versions(kept, 2)
        await do(kept, DeleteVersion("net", 2, 30))
        assert await do(kept, AddVersion("net", "s3://b", 40)) == [3]
        assert [each.version for each in net(kept).versions] == [1, 3]
        with pytest.raises(VersionNotFound):
            await do(kept, DeleteVersion("net", 2, 50))

    async def test_one_of_a_logged_model_tells_it_so_and_knows_its_run(self, kept: Store) -> None:
        await checkpoint(kept)
        source = f"models:/{MODEL}"
        assert await do(kept, AddVersion("net", source, 7, MODEL), AddVersion("net", source, 8, MODEL)) == [1, 2]
        assert [(each.model_id, each.run_id) for each in net(kept).versions] == [(MODEL, RUN)] * 2
        query = Query(parse("", Subject.MODELS), parse_order((), Subject.MODELS))
        (info,) = kept.search.models(query).items
        told = [{"name": "net", "version": 1}, {"name": "net", "version": 2}]
        assert json.loads(info.tags["mlflow.modelVersions"]) == told

    @pytest.mark.parametrize("tag", ["", "{}", "nonsense", "null"])
    async def test_whatever_the_tag_held(self, kept: Store, tag: str) -> None:
        await checkpoint(kept)
        await do(kept, edits.SetModelTags(MODEL, {"mlflow.modelVersions": tag}))
        await do(kept, AddVersion("net", "x", 7, MODEL))
        query = Query(parse("", Subject.MODELS), parse_order((), Subject.MODELS))
        assert kept.search.models(query).items[0].tags == {"mlflow.modelVersions": '[{"name": "net", "version": 1}]'}

    async def test_one_of_a_model_that_is_not_there_leaves_no_trace(self, kept: Store) -> None:
        await checkpoint(kept)
        await do(kept, edits.RemoveModel(MODEL, 3))
        for model_id in (MODEL, "m-" + "2" * 32):
            with pytest.raises(ModelNotFound):
                await do(kept, AddVersion("net", f"models:/{model_id}", 7, model_id))
        assert net(kept).last_updated_timestamp == 1
        assert await do(kept, AddVersion("net", "x", 8)) == [1]

    @pytest.mark.parametrize("version", [0, -1, 2, HUGE, -HUGE])
    async def test_one_that_is_not_there_cannot_be_edited(self, kept: Store, version: int) -> None:
        await versions(kept, 1)
        asked: list[Edit] = [
            DescribeRegistered("net", version, "x", 2),
            SetRegisteredTags("net", version, {"a": "b"}),
            DeleteRegisteredTag("net", version, "a"),
            DeleteVersion("net", version, 2),
            SetStage("net", version, Stage.STAGING, archive=True, timestamp=2),
            MoveAlias("net", "best", version),
        ]
        assert [type(answer) for answer in await kept.edit(asked)] == [VersionNotFound] * len(asked)
        assert net(kept).last_updated_timestamp == 11


class TestCopies:
    async def test_what_was_made_of_one_that_goes_is_made_of_what_that_was(self, kept: Store) -> None:
        await versions(kept, 2)
        await do(kept, CreateRegistered("a", 1), CreateRegistered("b", 1))
        await do(kept, AddVersion("a", "models:/net/1", 2), AddVersion("a", "models:/net/2", 2))
        await do(kept, AddVersion("b", "models:/a/1", 2), AddVersion("b", "models:/a/12", 2))
        await do(kept, DeleteVersion("net", 1, 3))
        assert [each.source for each in kept.registry.versions("a")] == ["s3://b/1", "models:/net/2"]
        await do(kept, DeleteRegistered("a"))
        assert [each.source for each in kept.registry.versions("b")] == ["s3://b/1", "models:/a/12"]

    async def test_what_was_made_of_one_that_is_renamed_follows(self, kept: Store) -> None:
        await versions(kept, 1)
        await do(kept, CreateRegistered("a", 1))
        sources = ["models:/net/1", "models:/nets/1", "models:/net@best", "models:/net/1/x", "s3://net/1"]
        await do(kept, *(AddVersion("a", source, 2) for source in sources), RenameRegistered("net", "x?#y", 3))
        assert [each.source for each in kept.registry.versions("a")] == ["models:/x?#y/1", *sources[1:]]


class TestStages:
    async def test_several_may_be_in_one(self, kept: Store) -> None:
        await versions(kept, 3)
        await do(kept, *(SetStage("net", number, Stage.STAGING, archive=False, timestamp=30) for number in (1, 3)))
        assert stages(kept) == ["Staging", "None", "Staging"]
        assert [(each.version, each.stage) for each in net(kept).latest_versions] == [(2, "None"), (3, "Staging")]
        assert net(kept).last_updated_timestamp == 30

    async def test_who_comes_may_send_the_others_to_the_archive(self, kept: Store) -> None:
        await versions(kept, 3)
        await do(kept, SetStage("net", 1, Stage.PRODUCTION, archive=False, timestamp=30))
        await do(kept, SetStage("net", 2, Stage.PRODUCTION, archive=True, timestamp=40))
        await do(kept, SetStage("net", 2, Stage.PRODUCTION, archive=True, timestamp=50))
        assert stages(kept) == ["Archived", "Production", "None"]
        assert [each.last_updated_timestamp for each in net(kept).versions] == [40, 50, 13]


class TestMeaning:
    @pytest.mark.parametrize(
        ("wanted", "number"),
        [
            ("1", 1),
            ("01", 1),
            ("latest", 4),
            ("LATEST", 4),
            ("@best", 2),
            ("production", 3),
            ("Production", 3),
            ("None", 4),
            ("Archived", None),
            ("best", None),
            ("@BEST", None),
            ("@latest", None),
            ("@", None),
            ("", None),
            ("5", None),
            ("9" * 30, None),
            ("-1", None),
            ("1 ", None),
            ("²", None),
        ],
    )
    async def test_a_version_is_meant_in_several_ways(self, kept: Store, wanted: str, number: int | None) -> None:
        await versions(kept, 4)
        await do(kept, CreateRegistered("other", 1), MoveAlias("net", "best", 2))
        await versions(kept, 6, "other")
        await do(kept, *(SetStage("net", each, Stage.PRODUCTION, archive=False, timestamp=30) for each in (1, 2, 3)))
        found = kept.registry.version("net", wanted)
        assert found == (None if number is None else net(kept).versions[number - 1])

    async def test_of_no_model_and_of_no_versions_none_is_meant(self, kept: Store) -> None:
        for wanted in ("1", "@best", "latest", "None"):
            assert kept.registry.version("net", wanted) is kept.registry.version("nets", wanted) is None


class TestAliases:
    async def test_one_moves_and_goes(self, kept: Store) -> None:
        await versions(kept, 2)
        await do(kept, MoveAlias("net", "best", 1), MoveAlias("net", "best", 2), MoveAlias("net", "old", 1))
        assert net(kept).aliases == {"best": 2, "old": 1}
        assert [each.aliases for each in kept.registry.versions("net")] == [("old",), ("best",)]
        await do(kept, MoveAlias("net", "best", None), MoveAlias("net", "best", None))
        assert net(kept).aliases == {"old": 1}

    async def test_it_goes_with_its_version(self, kept: Store) -> None:
        await versions(kept, 2)
        await do(kept, MoveAlias("net", "best", 2), DeleteVersion("net", 2, 30))
        assert (net(kept).aliases, net(kept).last_updated_timestamp) == ({}, 30)

    async def test_it_pins_the_logged_model(self, kept: Store) -> None:
        await checkpoint(kept)
        await do(kept, AddVersion("net", f"models:/{MODEL}", 7, MODEL), MoveAlias("net", "best", 1))
        assert kept.registry.pins(MODEL) == ("net@best",)


class TestOnce:
    async def test_who_asks_again_is_told_the_same_and_nothing_is_done(self, new_store: NewStore) -> None:
        kept = await new_store()
        made, added = Once("1" * 32, CreateRegistered("net", 1)), Once("2" * 32, AddVersion("net", "s3://b", 2))
        assert await kept.edit([made, made, added]) == [(None, True), (None, False), (1, True)]
        await do(kept, AddVersion("net", "s3://c", 3))
        assert await kept.edit([added, made]) == [(1, False), (None, False)]
        assert [each.source for each in kept.registry.versions("net")] == ["s3://b", "s3://c"]

    async def test_what_was_refused_is_decided_anew(self, new_store: NewStore) -> None:
        kept = await new_store()
        asked = Once("1" * 32, AddVersion("net", "s3://b", 2))
        assert [type(answer) for answer in await kept.edit([asked, asked])] == [RegisteredModelNotFound] * 2
        assert await kept.edit([Once("2" * 32, CreateRegistered("net", 1)), asked]) == [(None, True), (1, True)]

    async def test_as_many_answers_are_kept_as_it_takes(
        self, new_store: NewStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(once, "KEPT", 2)
        kept = await new_store()
        asked = [Once(str(number) * 32, CreateRegistered(f"net{number}", 1)) for number in range(3)]
        assert await kept.edit([*asked, asked[1], asked[2]]) == [(None, True)] * 3 + [(None, False)] * 2
        assert [type(answer) for answer in await kept.edit(asked[:1])] == [RegisteredModelExists]
