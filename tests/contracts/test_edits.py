"""What every store keeps to when it is edited: decided on what is stored, and answered."""

from __future__ import annotations

import pytest

from tracker.entities import DatasetInfo, Experiment, RunInfo, RunLinks, edits
from tracker.entities.edits import Edit
from tracker.entities.records import CreateModel, LogParams, StartRun
from tracker.errors import (
    ExperimentExists,
    ExperimentNotFound,
    NotActive,
    OutputExists,
    ParamChanged,
    RunNotFound,
    TagNotFound,
    TrackerError,
)
from tracker.filter import Subject, parse, parse_order
from tracker.store.batch import Batch
from tracker.store.interface import Query, Store

pytestmark = pytest.mark.anyio

RUN, OTHER, MODEL = "a" * 32, "b" * 32, "m-" + "1" * 32
BOTH = frozenset({"active", "deleted"})
TEST = DatasetInfo("test", "22", "local", "x.csv")


async def do(store: Store, edit: Edit) -> object:
    (answer,) = await store.edit([edit])
    if isinstance(answer, TrackerError):
        raise answer
    return answer


def experiment(store: Store, experiment_id: str) -> Experiment:
    where = parse(f"experiment_id = '{experiment_id}'", Subject.EXPERIMENTS)
    query = Query(where, parse_order((), Subject.EXPERIMENTS), stages=BOTH)
    return store.search.experiments(query).items[0]


def runs(store: Store, stages: frozenset[str] = BOTH) -> list[RunInfo]:
    query = Query(parse("", Subject.RUNS), parse_order(["run_id"], Subject.RUNS), stages=stages)
    return store.search.runs(query).items


def create(run_id: str = RUN, experiment_id: str = "0", **more: object) -> edits.CreateRun:
    facts = {"name": "first", "user_id": "me", "start_time": 5, "parent_run_id": None, "tags": {}, **more}
    return edits.CreateRun(run_id, experiment_id, **facts)  # type: ignore[arg-type]


class TestExperiments:
    async def test_one_is_made_and_comes_back(self, kept: Store) -> None:
        made = await do(kept, edits.CreateExperiment("digits", 7, "s3://bucket/x", {"team": "a"}))
        assert experiment(kept, str(made)) == Experiment(
            str(made), "digits", "active", 7, 7, {"team": "a"}, "s3://bucket/x"
        )

    async def test_its_files_are_where_it_says_or_below_what_is_said_of_all(self, kept: Store) -> None:
        for name, own, place in (("a", "", "s3://all/1"), ("b", "s3://own", "s3://own")):
            made = await do(kept, edits.CreateExperiment(name, 7, own, artifact_root="s3://all"))
            assert experiment(kept, str(made)).artifact_location == place

    async def test_its_files_go_to_another_place_while_it_has_no_runs(self, kept: Store) -> None:
        for place in ("s3://first", "s3://second"):
            await do(kept, edits.PlaceArtifacts("0", place))
            assert experiment(kept, "0").artifact_location == "s3://first"
        made = str(await do(kept, edits.CreateExperiment("digits", 7)))
        await do(kept, create(experiment_id=made))
        await do(kept, edits.PlaceArtifacts(made, "s3://late"))
        assert experiment(kept, made).artifact_location == ""
        with pytest.raises(ExperimentNotFound):
            await do(kept, edits.PlaceArtifacts("99", "s3://nowhere"))

    async def test_a_name_is_taken_also_by_a_deleted_one(self, kept: Store) -> None:
        made = str(await do(kept, edits.CreateExperiment("digits", 7)))
        with pytest.raises(ExperimentExists, match=r"'digits' already$"):
            await do(kept, edits.CreateExperiment("digits", 8))
        await do(kept, edits.DeleteExperiment(made, 8))
        with pytest.raises(ExperimentExists, match="it is deleted: restore it"):
            await do(kept, edits.CreateExperiment("digits", 9))

    async def test_one_is_renamed(self, kept: Store) -> None:
        made = str(await do(kept, edits.CreateExperiment("digits", 7)))
        await do(kept, edits.RenameExperiment(made, "letters", 9))
        assert experiment(kept, made).name == "letters"
        assert (experiment(kept, made).creation_time, experiment(kept, made).last_update_time) == (7, 9)
        with pytest.raises(ExperimentExists):
            await do(kept, edits.RenameExperiment(made, "Default", 9))
        await do(kept, edits.RenameExperiment(made, "letters", 10))

    async def test_deleting_takes_the_runs_along_and_restoring_brings_all_back(self, kept: Store) -> None:
        made = str(await do(kept, edits.CreateExperiment("digits", 7)))
        await do(kept, create(RUN, made))
        await do(kept, create(OTHER, made))
        await do(kept, edits.DeleteRun(RUN))
        await do(kept, edits.DeleteExperiment(made, 8))
        assert [run.lifecycle_stage for run in runs(kept)] == ["deleted", "deleted"]
        assert runs(kept, frozenset({"active"})) == []
        with pytest.raises(NotActive):
            await do(kept, edits.DeleteExperiment(made, 9))
        await do(kept, edits.RestoreExperiment(made, 9))
        assert [run.lifecycle_stage for run in runs(kept)] == ["active", "active"]
        with pytest.raises(NotActive):
            await do(kept, edits.RestoreExperiment(made, 9))

    async def test_tags_come_and_go(self, kept: Store) -> None:
        await do(kept, edits.SetExperimentTags("0", {"a": "1", "b": "2"}))
        await do(kept, edits.SetExperimentTags("0", {"a": "3"}))
        await do(kept, edits.DeleteExperimentTag("0", "b"))
        assert experiment(kept, "0").tags == {"a": "3"}
        with pytest.raises(TagNotFound):
            await do(kept, edits.DeleteExperimentTag("0", "b"))

    @pytest.mark.parametrize("experiment_id", ["17", "x", "", "-1", "9" * 40, "\u0663"])
    async def test_one_that_is_not_there_is_not_edited(self, kept: Store, experiment_id: str) -> None:
        for edit in (
            edits.RenameExperiment(experiment_id, "x", 1),
            edits.DeleteExperiment(experiment_id, 1),
            edits.SetExperimentTags(experiment_id, {"a": "1"}),
            create(RUN, experiment_id),
        ):
            with pytest.raises(ExperimentNotFound):
                await do(kept, edit)

    async def test_a_deleted_one_is_only_restored(self, kept: Store) -> None:
        made = str(await do(kept, edits.CreateExperiment("digits", 7)))
        await do(kept, edits.DeleteExperiment(made, 8))
        for edit in (
            edits.RenameExperiment(made, "x", 1),
            edits.SetExperimentTags(made, {"a": "1"}),
            create(RUN, made),
        ):
            with pytest.raises(NotActive):
                await do(kept, edit)


class TestRuns:
    async def test_one_is_made_and_comes_back(self, kept: Store) -> None:
        await do(kept, create(tags={"a": "1"}, parent_run_id=OTHER))
        (run,) = runs(kept)
        assert (run.run_id, run.name, run.user_id, run.start_time) == (RUN, "first", "me", 5)
        assert (run.status, run.end_time, run.parent_run_id, run.tags) == ("RUNNING", None, OTHER, {"a": "1"})
        assert run.artifact_uri == f"mlflow-artifacts:/0/{RUN}/artifacts"

    async def test_its_files_lie_where_its_experiment_says(self, kept: Store) -> None:
        made = str(await do(kept, edits.CreateExperiment("digits", 7, "s3://bucket/x")))
        await do(kept, create(RUN, made))
        assert runs(kept)[0].artifact_uri == f"s3://bucket/x/{RUN}/artifacts"

    async def test_any_status_may_follow_any(self, kept: Store) -> None:
        await do(kept, create())
        await do(kept, edits.UpdateRun(RUN, "FINISHED", 9, "second"))
        assert (runs(kept)[0].status, runs(kept)[0].end_time, runs(kept)[0].name) == ("FINISHED", 9, "second")
        await do(kept, edits.UpdateRun(RUN, "RUNNING"))
        assert (runs(kept)[0].status, runs(kept)[0].end_time, runs(kept)[0].name) == ("RUNNING", 9, "second")

    async def test_a_deleted_one_is_not_written_to_until_it_is_restored(self, kept: Store) -> None:
        await do(kept, create())
        await do(kept, edits.DeleteRun(RUN))
        await do(kept, edits.DeleteRun(RUN))
        for edit in (
            edits.UpdateRun(RUN, "FAILED"),
            edits.Describe(RUN, {"a": "1"}),
            edits.DeleteRunTag(RUN, "a"),
            edits.AddInputs(RUN),
            edits.AddOutputs(RUN, ()),
        ):
            with pytest.raises(NotActive, match=f"run {RUN} is deleted"):
                await do(kept, edit)
        assert kept.search.stage(RUN) == ("deleted", "0")
        await do(kept, edits.RestoreRun(RUN))
        await do(kept, edits.RestoreRun(RUN))
        await do(kept, edits.Describe(RUN, {"a": "1"}))
        assert kept.search.stage(RUN) == ("active", "0")

    async def test_a_param_never_changes_and_refuses_all_that_came_with_it(self, kept: Store) -> None:
        await do(kept, create())
        await do(kept, edits.Describe(RUN, {"lr": "0.1"}))
        await do(kept, edits.Describe(RUN, {"lr": "0.1"}))
        with pytest.raises(ParamChanged, match=r"'lr' of run a+ is '0.1' already and cannot become '0.2'"):
            await do(kept, edits.Describe(RUN, {"new": "1", "lr": "0.2"}, {"tag": "x"}))
        assert (runs(kept)[0].params, runs(kept)[0].tags) == ({"lr": "0.1"}, {})

    async def test_tags_come_and_go(self, kept: Store) -> None:
        await do(kept, create(tags={"a": "1"}))
        await do(kept, edits.Describe(RUN, tags={"a": "2", "b": "3"}))
        await do(kept, edits.DeleteRunTag(RUN, "a"))
        assert runs(kept)[0].tags == {"b": "3"}
        with pytest.raises(TagNotFound):
            await do(kept, edits.DeleteRunTag(RUN, "a"))

    async def test_two_tags_are_its_name_and_its_parent(self, kept: Store) -> None:
        await do(kept, create())
        await do(kept, edits.Describe(RUN, tags={"mlflow.runName": "other", "mlflow.parentRunId": OTHER}))
        assert (runs(kept)[0].name, runs(kept)[0].parent_run_id, runs(kept)[0].tags) == ("other", OTHER, {})
        await do(kept, edits.DeleteRunTag(RUN, "mlflow.parentRunId"))
        assert runs(kept)[0].parent_run_id is None
        for key in ("mlflow.parentRunId", "mlflow.runName"):
            with pytest.raises(TagNotFound):
                await do(kept, edits.DeleteRunTag(RUN, key))

    async def test_one_that_is_not_there_is_not_edited(self, kept: Store) -> None:
        assert kept.search.stage(RUN) is None
        for run_id in (RUN, ""):
            for edit in (edits.UpdateRun(run_id, "FAILED"), edits.DeleteRun(run_id), edits.Describe(run_id)):
                with pytest.raises(RunNotFound):
                    await do(kept, edit)


class TestLinks:
    async def test_what_a_run_uses_comes_back_as_it_was_said_first(self, kept: Store) -> None:
        await do(kept, create())
        used = edits.RunInput(TEST, {"mlflow.data.context": "testing", "x": "y"})
        await do(kept, edits.AddInputs(RUN, (used,), (MODEL,)))
        again = edits.RunInput(DatasetInfo("test", "22", "other"), {"x": "z"})
        await do(kept, edits.AddInputs(RUN, (again,), (MODEL,)))
        assert kept.search.links([RUN, OTHER]) == {RUN: RunLinks(((TEST, used.tags),), (MODEL,), ())}
        found = kept.search.runs(
            Query(parse("dataset.context = 'testing'", Subject.RUNS), parse_order((), Subject.RUNS))
        ).items
        assert [run.run_id for run in found] == [RUN]

    async def test_what_it_has_made_is_told_once(self, kept: Store) -> None:
        await do(kept, create())
        await do(kept, edits.AddOutputs(RUN, ((MODEL, 3),)))
        with pytest.raises(OutputExists):
            await do(kept, edits.AddOutputs(RUN, (("m-other", 0), (MODEL, 4))))
        assert kept.search.links([RUN])[RUN].outputs == ((MODEL, 3),)

    async def test_a_model_that_was_logged_in_it_is_an_output(self, kept: Store) -> None:
        start = StartRun(RUN, "digits", "first", None, 1)
        await kept.commit(Batch([start, CreateModel(MODEL, RUN, "net", "", 5, 1)]), {}, [])
        assert kept.search.links([RUN])[RUN].outputs == ((MODEL, 5),)

    async def test_a_model_of_it_is_told_its_step_once_and_means_the_params_of_its_run(self, kept: Store) -> None:
        start = StartRun(RUN, "digits", "first", None, 1)
        await kept.commit(Batch([start, LogParams(RUN, {"lr": 0.5, "width": 8, "kind": "8"})]), {}, [])
        texts = {"lr": "0.5", "width": "9", "kind": "8"}
        await do(kept, edits.CreateModel(MODEL, kept.search.experiment_ids()["digits"], RUN, "net", "", 1, texts, {}))
        await do(kept, edits.AddOutputs(RUN, ((MODEL, 3),)))
        (found,) = kept.search.models(Query(parse("", Subject.MODELS), parse_order((), Subject.MODELS))).items
        assert (found.step, dict(found.params)) == (3, {"lr": 0.5, "width": "9", "kind": "8"})


async def test_edits_that_come_together_are_done_each_by_itself(kept: Store) -> None:
    answers = await kept.edit(
        [create(), edits.Describe(OTHER, {"a": "1"}), edits.Describe(RUN, {"a": "1"}), edits.Describe(RUN, {"a": "2"})]
    )
    assert [type(answer) for answer in answers] == [type(None), RunNotFound, type(None), ParamChanged]
    assert runs(kept)[0].params == {"a": "1"}


async def test_a_run_that_has_ended_has_its_metrics_at_hand(kept: Store) -> None:
    await do(kept, create())
    await do(kept, edits.UpdateRun(RUN, "FINISHED", 9))
    assert runs(kept)[0].metrics == {}
