"""Which checkpoints to keep, planned from the store and carried out: nothing goes that the plan does not name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

import tracker
from tracker import FrontOf, LastOf, TopOf
from tracker.cli.main import main
from tracker.errors import AmbiguousDataset, ExperimentNotFound, InvalidFilter, InvalidInput, SaveFailed

# What looks at the store's own folder.
in_folder = pytest.mark.parametrize("opened", ["folder"], indirect=True)

SIZE = 1000


def save(folder: Path) -> None:
    (folder / "w").write_bytes(b"w" * (SIZE - 1))
    (folder / "c").write_bytes(b"c")


@pytest.fixture
def runs(opened: tracker.Tracker) -> list[tracker.Run]:
    return [opened.start_run(experiment) for experiment in ("e0", "e1")]


@pytest.fixture
def logged(runs: list[tracker.Run], validation: tracker.Dataset) -> list[tracker.LoggedModel]:
    """Three checkpoints of each run, of scores 0 to 5; the larger ones are slower too."""
    models = []
    for number in range(6):
        model = runs[number // 3].log_model("net", save, step=number % 3, params={"n": number})
        model.log({"acc": number / 10, "ms": number}, dataset=validation)
        models.append(model)
    return models


def numbers(logged: Sequence[tracker.LoggedModel], found: Sequence[object]) -> list[int]:
    ids = [model.model_id for model in logged]
    return sorted(ids.index(each.model_id) for each in found)  # type: ignore[attr-defined]  # checkpoints or models


def left(opened: tracker.Tracker, logged: Sequence[tracker.LoggedModel]) -> list[int]:
    on_disk = [number for number, model in enumerate(logged) if model.path.exists()]
    assert numbers(logged, opened.search_logged_models()) == on_disk
    return on_disk


@in_folder
def test_the_best_stay_and_the_rest_goes_with_its_files(
    opened: tracker.Tracker, logged: list[tracker.LoggedModel], store: Path
) -> None:
    plan = opened.plan_keep(TopOf("acc", count=2, dataset="validation"))
    assert (numbers(logged, plan.kept), numbers(logged, plan.dropped)) == ([4, 5], [0, 1, 2, 3])
    assert (plan.bytes_kept, plan.bytes_freed) == (2 * SIZE, 4 * SIZE)
    assert left(opened, logged) == [0, 1, 2, 3, 4, 5]
    done = opened.carry_out(plan)
    assert (numbers(logged, done.deleted), done.left, done.bytes_freed) == ([0, 1, 2, 3], (), 4 * SIZE)
    assert left(opened, logged) == [4, 5]
    # The best of what is left is the best of all, and the curves of what is gone are whole.
    assert numbers(logged, opened.rank("acc")) == [4, 5]
    assert opened.metric_history(logged[0].run_id, "acc").values.tolist() == [0.0, 0.1, 0.2]
    again = opened.carry_out(plan)
    assert (again.deleted, {reason for _, reason in again.left}) == ((), {"it is not among the checkpoints any more"})
    assert main(["doctor", "--deep", "--store", str(store)]) == 0


@pytest.mark.parametrize(
    ("rules", "kept"),
    [
        ([TopOf("acc", count=1, per_run=True)], [2, 5]),
        ([TopOf("acc", "minimize", 2)], [0, 1]),
        ([LastOf(1, per_run=True)], [2, 5]),
        ([LastOf(2)], [4, 5]),
        ([FrontOf((("acc", "maximize"), ("ms", "maximize")))], [5]),
        ([FrontOf((("acc", "maximize"), ("ms", "minimize")))], [0, 1, 2, 3, 4, 5]),
        ([TopOf("ms", "minimize"), LastOf(1)], [0, 5]),
    ],
)
def test_each_rule_is_planned_from_the_store(
    opened: tracker.Tracker, logged: list[tracker.LoggedModel], rules: list[TopOf | LastOf], kept: list[int]
) -> None:
    assert numbers(logged, opened.plan_keep(*rules).kept) == kept


@in_folder
def test_a_budget_drops_the_worst_and_never_what_is_pinned(
    opened: tracker.Tracker, logged: list[tracker.LoggedModel]
) -> None:
    opened.promote_if_better(logged[0], "digits", metric="acc")
    plan = opened.plan_keep(TopOf("acc", count=4), budget=3 * SIZE)
    assert numbers(logged, plan.kept) == [0, 4, 5]
    assert plan.verdicts[0].reasons == ("pinned: digits@best",)
    everything = opened.plan_keep(budget=0)
    assert (numbers(logged, everything.kept), everything.is_within_budget) == ([0], False)
    opened.carry_out(everything)
    assert left(opened, logged) == [0]


@in_folder
def test_only_what_is_in_the_scope_is_planned(opened: tracker.Tracker, logged: list[tracker.LoggedModel]) -> None:
    plan = opened.plan_keep(LastOf(1), experiment_names=["e0"], filter_string="params.n > 0 OR params.n < 0")
    assert (numbers(logged, plan.kept), numbers(logged, plan.dropped)) == ([2], [1])
    opened.carry_out(plan)
    assert left(opened, logged) == [0, 2, 3, 4, 5]


def test_what_has_no_files_is_left_to_others(opened: tracker.Tracker, runs: list[tracker.Run]) -> None:
    with pytest.raises(SaveFailed):
        runs[0].log_model("net", lambda _: None, step=1)
    assert opened.plan_keep(LastOf(1)).verdicts == ()
    assert len(opened.search_logged_models()) == 1


@in_folder
def test_what_was_pinned_or_became_better_meanwhile_stays(
    opened: tracker.Tracker, logged: list[tracker.LoggedModel], validation: tracker.Dataset
) -> None:
    plan = opened.plan_keep(TopOf("acc", count=2))
    assert numbers(logged, plan.dropped) == [0, 1, 2, 3]
    opened.promote_if_better(logged[0], "digits", metric="acc")
    logged[1].log({"acc": 0.9}, dataset=validation)
    opened.delete_logged_model(logged[2].model_id)
    done = opened.carry_out(plan)
    assert numbers(logged, done.deleted) == [3]
    assert {numbers(logged, [each])[0]: reason for each, reason in done.left} == {
        0: "pinned: digits@best",
        1: f"place 1 of 5 by acc on {validation.ref}",
        2: "it is not among the checkpoints any more",
    }
    # 4 has been beaten since; it was not in the plan that was shown.
    assert left(opened, logged) == [0, 1, 4, 5]


@in_folder
def test_what_is_pinned_between_the_last_look_and_the_deletion_stays(
    opened: tracker.Tracker, logged: list[tracker.LoggedModel], monkeypatch: pytest.MonkeyPatch, store: Path
) -> None:
    plan = opened.plan_keep(LastOf(4))
    look = type(opened.inner.searches).planned_again

    def look_and_pin(searches: object, made: tracker.KeepPlan) -> tracker.KeepPlan:
        again = look(searches, made)  # type: ignore[arg-type]  # it is one
        with tracker.open(store) as other:
            other.promote_if_better(logged[1].model_id, "digits", metric="acc")
        return again

    monkeypatch.setattr(type(opened.inner.searches), "planned_again", look_and_pin)
    done = opened.carry_out(plan)
    assert numbers(logged, done.deleted) == [0]
    assert [reason for _, reason in done.left] == ["an alias has come to mean it"]
    assert left(opened, logged) == [1, 2, 3, 4, 5]


@in_folder
def test_a_rule_that_would_keep_nothing_is_refused(
    opened: tracker.Tracker, logged: list[tracker.LoggedModel], runs: list[tracker.Run], holdout: tracker.Dataset
) -> None:
    model = runs[0].log_model("net", save)
    model.log({"odd": float("nan"), "acc": 0.1}, dataset=holdout)
    refused: list[tuple[TopOf | FrontOf, str]] = [
        (TopOf("ac"), "no checkpoint here ranks by 'ac'; did you mean 'acc'?"),
        (TopOf("odd"), "no checkpoint here ranks by 'odd'"),
        (TopOf("acc", dataset="test"), "no checkpoint here ranks by 'acc' on 'test'"),
        (TopOf("ms", dataset="holdout"), "no checkpoint here ranks by 'ms' on 'holdout'"),
        (FrontOf((("odd", "maximize"), ("ms", "minimize"))), "no checkpoint here ranks by 'odd' and 'ms'"),
    ]
    for rule, line in refused:
        # Not even beside a rule that keeps something.
        with pytest.raises(InvalidInput) as alone:
            opened.plan_keep(rule)
        with pytest.raises(InvalidInput) as beside:
            opened.plan_keep(LastOf(1), rule)
        assert str(alone.value) == str(beside.value) == line
    with pytest.raises(AmbiguousDataset):
        opened.plan_keep(FrontOf((("acc", "maximize"), ("ms", "minimize"))))
    assert len(left(opened, [*logged, model])) == 7


def test_what_makes_no_sense_is_refused(opened: tracker.Tracker) -> None:
    with pytest.raises(InvalidInput, match="nothing says what to keep"):
        opened.plan_keep()
    with pytest.raises(InvalidInput, match="at least 1"):
        opened.plan_keep(LastOf(0))
    with pytest.raises(InvalidInput, match="budget"):
        opened.plan_keep(budget=-1)
    with pytest.raises(InvalidFilter):
        opened.plan_keep(LastOf(1), filter_string="params.lr >")
    with pytest.raises(ExperimentNotFound):
        opened.plan_keep(LastOf(1), experiment_names=["nowhere"])
    assert opened.carry_out(opened.plan_keep(TopOf("acc"))).deleted == ()


@pytest.mark.anyio
async def test_async_code_has_the_same_words(store: Path) -> None:
    async with tracker.connect(store) as opened, await opened.start_run("e") as run:
        models = [await run.log_model("net", save, step=step) for step in range(3)]
        done = await opened.carry_out(await opened.plan_keep(LastOf(1, per_run=True)))
        assert [each.model_id for each in done.deleted] == [model.model_id for model in models[:2]]
        assert [each.model_id for each in await opened.search_logged_models()] == [models[2].model_id]
