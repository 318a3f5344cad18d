"""What every store keeps to about registered models: decided once, and on all that is stored."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from tracker.entities import DatasetRef, File
from tracker.entities.records import (
    Act,
    AddFiles,
    CreateModel,
    DeleteAlias,
    DeleteModel,
    FinishModel,
    LogMetrics,
    MeasureModel,
    Promote,
    Record,
    SetAlias,
    StartRun,
)
from tracker.filter import Subject, parse, parse_order
from tracker.journal import Position
from tracker.ranking import decide_promotion
from tracker.store.batch import Batch
from tracker.store.interface import Query, Store

from .conftest import NewStore

pytestmark = pytest.mark.anyio

RUN = "a" * 32
A, B, C = ("m-" + digit * 32 for digit in "123")
ONE, TWO, OTHER = DatasetRef("validation", "1"), DatasetRef("validation", "2"), DatasetRef("holdout", "1")
ALL = Query(parse("", Subject.MODELS), parse_order(["model_id"], Subject.MODELS))


async def say(store: Store, *records: Record) -> None:
    await store.commit(Batch(records), {}, [])


def model(model_id: str, value: float | None, dataset: DatasetRef | None = ONE, timestamp: int = 10) -> list[Record]:
    made: list[Record] = [
        CreateModel(model_id, RUN, "net", "", 1, timestamp),
        AddFiles(model_id, (File("w", 7, "ab"), File("b", 3, "cd"))),
        FinishModel(model_id, "READY", timestamp),
    ]
    return made if value is None else [*made, measure(model_id, value, dataset, timestamp)]


def measure(model_id: str, value: float, dataset: DatasetRef | None = ONE, timestamp: int = 10) -> Record:
    return MeasureModel(model_id, RUN, 1, timestamp, {"acc": value}, dataset)


def promote(model_id: str, number: int = 0, dataset: DatasetRef | None = ONE) -> Promote:
    return Promote(f"p{number}-{model_id}", "net", "best", model_id, "acc", "maximize", dataset, 0.0, 100 + number)


def reasons(store: Store, alias: str | None = None) -> list[tuple[bool, str]]:
    return [(each.decision.promote, each.decision.reason) for each in store.registry.promotions("net", alias)]


def found(store: Store) -> list[str]:
    return [info.model_id for info in store.search.models(ALL).items]


def aliases(store: Store) -> dict[str, int]:
    return dict(store.registry.registered_models()[0].aliases)


START = StartRun(RUN, "digits", "first", None, 1)


async def test_a_new_store_has_none(kept: Store) -> None:
    registry = kept.registry
    assert (registry.registered_models(), registry.versions("net"), registry.promotions("net")) == ([], [], [])
    assert (registry.promotion("p"), registry.deleted([A]), registry.pins(A)) == (None, set(), ())
    assert registry.checkpoints(ALL, ["acc"]) == []


async def test_the_first_is_promoted_and_then_only_a_better_one(kept: Store) -> None:
    await say(kept, START, *model(A, 0.5), *model(B, 0.4), *model(C, 0.75))
    await say(kept, promote(A), promote(B, 1), promote(C, 2), promote(A, 3))
    assert reasons(kept) == [
        (True, f"there is no incumbent; {A} has acc 0.5 on validation@1"),
        (False, "worse by 0.1: acc 0.4 against 0.5 on validation@1, maximize"),
        (True, "better by 0.25: acc 0.75 against 0.5 on validation@1, maximize"),
        (False, "worse by 0.25: acc 0.5 against 0.75 on validation@1, maximize"),
    ]
    (registered,) = kept.registry.registered_models()
    assert (registered.name, registered.aliases, registered.creation_timestamp) == ("net", {"best": 2}, 100)
    first, second = registered.versions
    assert (first.version, first.model_id, first.run_id, first.source, first.aliases) == (1, A, RUN, f"models:/{A}", ())
    assert (second.version, second.model_id, second.aliases, second.creation_timestamp) == (2, C, ("best",), 102)
    assert kept.registry.versions("net") == [first, second]
    assert kept.registry.pins(C) == ("net@best",)
    assert kept.registry.pins(A) == ()


async def test_a_decision_comes_back_as_it_was_made(kept: Store) -> None:
    await say(kept, START, *model(A, 0.5), *model(B, math.nan), promote(A), replace(promote(B, 1), min_lead=0.25))
    first, second = kept.registry.promotions("net")
    assert first == kept.registry.promotion(f"p0-{A}")
    assert (first.timestamp, first.name, first.alias, first.version) == (100, "net", "best", 1)
    assert first.decision.incumbent is None
    assert (second.version, second.decision.min_lead, second.decision.lead) == (None, 0.25, None)
    assert math.isnan(second.decision.candidate.value or 0)
    # What was recorded is what the rule says of what was recorded.
    judged = decide_promotion(second.decision.candidate, second.decision.incumbent, second.decision.goal, 0.25)
    assert (judged.promote, judged.reason) == (second.decision.promote, second.decision.reason)
    assert kept.registry.promotions("net", "other") == kept.registry.promotions("nets") == []


async def test_a_model_that_comes_back_has_its_version_again(kept: Store) -> None:
    await say(kept, START, *model(A, 0.5), *model(B, 0.6), promote(A), promote(B, 1))
    await say(kept, measure(A, 0.7, timestamp=20), promote(A, 2))
    assert aliases(kept) == {"best": 1}
    assert [version.model_id for version in kept.registry.versions("net")] == [A, B]


@pytest.mark.parametrize(
    ("candidate", "dataset", "reason"),
    [
        ([], ONE, f"{B} is not in the store"),
        (model(B, 0.9)[:2], ONE, f"{B} is PENDING, so its files are not there"),
        ([*model(B, 0.9)[:2], FinishModel(B, "UPLOAD_FAILED", 9)], ONE, f"{B} is UPLOAD_FAILED, so its files"),
        ([*model(B, 0.9), DeleteModel(B, 9)], ONE, f"{B} was deleted"),
        (model(B, None), ONE, f"{B} has no acc on validation@1, which never ranks"),
        (model(B, math.inf), ONE, f"{B} has acc inf on validation@1, which never ranks"),
        (model(B, 0.9, TWO), TWO, f"{B} has acc 0.9 on validation@2, but {A} has acc 0.5 on validation@1: different"),
        (model(B, 0.9, OTHER), OTHER, f"{A} has no acc on holdout@1: measure it first"),
        (model(B, 0.9, None), None, f"{A} has no acc: measure it first"),
    ],
)
async def test_what_cannot_be_compared_changes_nothing(
    kept: Store, candidate: list[Record], dataset: DatasetRef | None, reason: str
) -> None:
    await say(kept, START, *model(A, 0.5), promote(A), *candidate)
    await say(kept, promote(B, 1, dataset))
    assert reasons(kept)[1][0] is False
    assert reasons(kept)[1][1].startswith(reason)
    assert aliases(kept) == {"best": 1}
    assert len(kept.registry.versions("net")) == 1


async def test_a_rule_that_is_none_decides_against_and_the_rest_is_stored(kept: Store) -> None:
    await say(kept, START, *model(A, 0.5), replace(promote(A), goal="best"), LogMetrics(RUN, 1, 1, {"loss": 1.0}))
    assert reasons(kept) == [(False, "the goal is 'best'; it must be maximize or minimize")]
    assert (await kept.history(RUN, "loss", None)).values.tolist() == [1.0]


async def test_aliases_are_set_moved_and_deleted(kept: Store) -> None:
    await say(kept, START, *model(A, 0.5), *model(B, 0.6), promote(A), promote(B, 1))
    await say(kept, SetAlias("net", "champion", 1, 200), SetAlias("net", "best", 1, 201))
    assert aliases(kept) == {"best": 1, "champion": 1}
    assert kept.registry.pins(A) == ("net@best", "net@champion")
    await say(kept, DeleteAlias("net", "best", 202), DeleteAlias("net", "best", 203), DeleteAlias("nets", "x", 204))
    assert aliases(kept) == {"champion": 1}
    await say(kept, SetAlias("net", "champion", 9, 205), SetAlias("nets", "champion", 1, 206))
    assert aliases(kept) == {"champion": 1}
    assert len(kept.registry.registered_models()) == 1


async def test_two_aliases_are_decided_apart(kept: Store) -> None:
    await say(kept, START, *model(A, 0.5), *model(B, 0.4), promote(A), replace(promote(B, 1), alias="small"))
    assert aliases(kept) == {"best": 1, "small": 2}
    assert len(reasons(kept)) == 2
    assert len(reasons(kept, "small")) == 1


async def test_a_deleted_model_is_never_found_and_its_metrics_stay_in_its_runs_curve(kept: Store) -> None:
    await say(kept, START, *model(A, 0.5), *model(B, 0.6))
    await say(kept, DeleteModel(A, 50), DeleteModel(A, 51), DeleteModel(C, 52))
    assert found(kept) == [B]
    assert kept.search.count(ALL) == 1
    by_metric = replace(ALL, order=parse_order(["metrics.acc DESC"], Subject.MODELS), finite=True)
    assert [info.model_id for info in kept.search.models(by_metric).items] == [B]
    assert kept.registry.deleted([A, B, C]) == {A}
    assert await kept.files(A) == []
    assert len(await kept.files(B)) == 2
    assert (await kept.history(RUN, "acc", None)).values.tolist() == [0.5, 0.6]


async def test_what_is_said_late_of_a_deleted_model_does_not_bring_it_back(kept: Store) -> None:
    first, files, finish, score = model(A, 0.5)
    await say(kept, START, first, DeleteModel(A, 50))
    await say(kept, first, files, finish, score)
    assert found(kept) == []
    assert await kept.files(A) == []
    assert (await kept.history(RUN, "acc", None)).values.tolist() == [0.5]


async def test_a_pinned_model_stays_until_its_alias_has_moved(kept: Store) -> None:
    await say(kept, START, *model(A, 0.5), *model(B, 0.6), promote(A), DeleteModel(A, 50))
    assert found(kept) == [A, B]
    assert len(await kept.files(A)) == 2
    await say(kept, promote(B, 1), DeleteModel(A, 51), DeleteModel(B, 52))
    assert found(kept) == [B]
    # Nor does an alias come back to what was deleted.
    await say(kept, SetAlias("net", "old", 1, 53))
    assert aliases(kept) == {"best": 2}


async def test_checkpoints_have_their_size_their_pins_and_the_metrics_asked_for(kept: Store) -> None:
    await say(kept, START, *model(A, 0.5), *model(B, math.nan, None), *model(C, 0.1), promote(A), DeleteModel(C, 50))
    await say(kept, MeasureModel(B, RUN, 2, 11, {"ms": 3.0}, None))
    first, second = sorted(kept.registry.checkpoints(ALL, ["acc"]), key=lambda each: each.model_id)
    assert (first.model_id, first.run_id, first.step, first.created, first.bytes) == (A, RUN, 1, 10, 10)
    assert first.pinned == ("net@best",)
    assert [(each.key, each.value, each.dataset) for each in first.measurements] == [("acc", 0.5, ONE)]
    assert second.pinned == ()
    assert [(each.key, math.isnan(each.value), each.dataset) for each in second.measurements] == [("acc", True, None)]
    (only,) = kept.registry.checkpoints(replace(ALL, where=parse(f"model_id = '{B}'", Subject.MODELS)), ["ms"])
    assert [(each.key, each.value) for each in only.measurements] == [("ms", 3.0)]


STORY: list[Record] = [
    START,
    *model(A, 0.5),
    promote(A),
    *model(B, 0.4),
    promote(B, 1),
    measure(B, 0.9, timestamp=20),
    promote(B, 2),
    measure(B, 0.1, timestamp=30),
    *model(C, 0.3),
    promote(C, 3),
    SetAlias("net", "champion", 1, 200),
    DeleteModel(A, 201),
    DeleteAlias("net", "champion", 202),
    DeleteModel(A, 203),
    AddFiles(A, (File("late", 1, "ef"),)),
    promote(A, 4),
    promote(A, 5),
]


async def state(store: Store) -> object:
    return (
        store.registry.registered_models(),
        store.registry.promotions("net"),
        store.search.models(ALL).items,
        [await store.files(each) for each in (A, B, C)],
        (await store.history(RUN, "acc", None)).values.tolist(),
    )


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8])
async def test_however_records_are_cut_into_batches_the_same_is_decided(
    kept: Store, new_store: NewStore, size: int
) -> None:
    whole = await new_store()
    await say(whole, *STORY)
    for start in range(0, len(STORY), size):
        await say(kept, *STORY[start : start + size])
    assert await state(kept) == await state(whole)
    assert [promoted for promoted, _ in reasons(kept)] == [True, False, True, True, False, False]
    assert found(kept) == [B, C]


async def test_an_act_is_stored_with_the_journals_position_or_not_at_all(kept: Store) -> None:
    broken = StartRun(None, "new", "r", None, 1)  # type: ignore[arg-type] # what no client says
    acts: list[Act] = [promote(A), DeleteModel(B, 9)]
    with pytest.raises(Exception, match="NOT NULL"):
        await kept.commit(Batch([START, *model(A, 0.5), *model(B, 0.4), *acts, broken]), {"j": Position(1, 50)}, [])
    assert (kept.registry.registered_models(), reasons(kept), found(kept)) == ([], [], [])
    await kept.commit(Batch([START, *model(A, 0.5), *model(B, 0.4), *acts]), {"j": Position(1, 50)}, [])
    assert (len(reasons(kept)), found(kept)) == (1, [A])
    assert await kept.journal_positions() == {"j": Position(1, 50)}
