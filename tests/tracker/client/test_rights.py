"""Users of a server behind which they may do some things: our own client, by their tokens."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import pytest

import tracker
from tests import serving
from tracker.client.place import ServerPlace, place_of
from tracker.client.remote import send_all
from tracker.entities.records import LogMetrics, SetTags, StartRun
from tracker.errors import ExperimentNotFound, ModelNotFound, NotAllowed, RegisteredModelNotFound, RunNotFound
from tracker.journal import Journal, encode
from tracker.server import Manner
from tracker.server.auth import Owned, Role, Users, UsersDoorkeeper, new_token
from tracker.writer import sender

CANARY = "c4n4ry"


def save(folder: Path) -> None:
    (folder / "w").write_bytes(b"weights")


def log_checkpoint(opened: tracker.Tracker, experiment: str, mark: str, value: float) -> tuple[str, str]:
    """Log a run with a checkpoint that is promoted; return their IDs."""
    with opened.start_run(experiment, params={mark: 1}, tags={mark: mark}) as run:
        run.log({"loss": value, mark: 1.0}, step=1)
        model = run.log_model(mark, save, step=1)
        model.log({"acc": value}, dataset=tracker.Dataset.from_arrays(mark, x=[value]))
        model.log({"acc": value})
    opened.promote_if_better(model, mark, metric="acc", dataset=mark)
    return run.run_id, model.model_id


@pytest.fixture
def foreign(store: Path) -> tuple[str, str]:
    """Make a store with an experiment that is shared, and one that is not; return the latter's run and checkpoint."""
    with tracker.open(store) as opened:
        opened.start_run("shared", name="ours").end()
        return log_checkpoint(opened, CANARY, CANARY, 0.99)


@pytest.fixture
def url(store: Path, foreign: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Serve it to ann, who may edit the one that is shared."""
    assert foreign
    users, token = Users(store), new_token()
    users.add("ann", "no hash")
    users.add_token("ann", "test", token)
    with tracker.open(store) as opened:
        (shared,) = opened.search_experiments(filter_string="name = 'shared'")
    users.grant("ann", Owned.EXPERIMENT, shared.experiment_id, Role.EDIT)
    users.close()
    monkeypatch.setenv("TRACKER_TOKEN", token)
    monkeypatch.setenv("TRACKER_SPOOL", str(tmp_path / "spool"))
    with serving.served(store, manner=Manner(doorkeeper=lambda: UsersDoorkeeper(store))) as address:
        yield address


def test_who_may_edit_logs_searches_and_ranks_their_own(url: str, foreign: tuple[str, str], tmp_path: Path) -> None:
    with tracker.open(url) as opened:
        run_id, model_id = log_checkpoint(opened, "shared", "mine", 0.5)
        assert opened.metric_history(run_id, "loss").values.tolist() == [0.5]
        assert opened.metric_history(run_id, "loss", points=3).mins.tolist() == [0.5]
        assert opened.search_runs()[0].run_id == run_id
        assert opened.count_runs() == 2
        assert [each.name for each in opened.search_experiments()] == ["shared"]
        assert [each.model_id for each in opened.search_logged_models()] == [model_id]
        assert [each.model_id for each in opened.rank("acc", dataset="mine")] == [model_id]
        assert [each.model_id for each in opened.rank("acc", dataset="mine", value="best")] == [model_id]
        assert [each.name for each in opened.datasets()] == ["mine"]
        assert [each.name for each in opened.registered_models()] == ["mine"]
        assert opened.get_logged_model("models:/mine@best").model_id == model_id
        assert [each.checkpoint.model_id for each in opened.plan_keep(budget=1).verdicts] == [model_id]
        opened.set_alias("mine", "new", 1)
        opened.delete_alias("mine", "best")
        opened.delete_alias("mine", "new")
        assert (opened.download(model_id, tmp_path / "out") / "w").read_bytes() == b"weights"
        opened.delete_logged_model(model_id)
        assert opened.search_logged_models() == []
        assert foreign[1] not in str(opened.search_logged_models())


def test_what_is_anothers_is_not_there(url: str, foreign: tuple[str, str], tmp_path: Path) -> None:
    run_id, model_id = foreign
    with tracker.open(url) as opened:
        asks: list[tuple[type[Exception], Callable[[], object]]] = [
            (ExperimentNotFound, lambda: opened.search_runs(experiment_names=[CANARY])),
            (ExperimentNotFound, lambda: opened.count_logged_models(experiment_names=[CANARY])),
            (ExperimentNotFound, lambda: opened.rank("acc", experiment_names=[CANARY])),
            (ExperimentNotFound, lambda: opened.plan_keep(budget=1, experiment_names=[CANARY])),
            (RunNotFound, lambda: opened.get_run(run_id)),
            (RunNotFound, lambda: opened.start_run(run_id=run_id)),
            (RunNotFound, lambda: opened.metric_history(run_id, "loss")),
            (RunNotFound, lambda: opened.metric_histories([run_id])),
            (RunNotFound, lambda: opened.metric_history(run_id, "loss", points=3)),
            (RunNotFound, lambda: opened.download(run_id, tmp_path / "out")),
            (ModelNotFound, lambda: opened.download(model_id, tmp_path / "out")),
            (ModelNotFound, lambda: opened.get_logged_model(model_id)),
            (ModelNotFound, lambda: opened.delete_logged_model(model_id)),
            (RegisteredModelNotFound, lambda: opened.get_logged_model(f"models:/{CANARY}@best")),
            (RegisteredModelNotFound, lambda: opened.set_alias(CANARY, "best", 1)),
            (NotAllowed, lambda: opened.delete_alias(CANARY, "best")),
        ]
        for error, ask in asks:
            with pytest.raises(error) as caught:
                ask()
            assert {*getattr(caught.value, "known", ())} <= {"shared"}
        assert opened.promotions(CANARY) == []
        assert opened.metric_histories([]) == {}
        assert list(opened.rank("acc")) == []
        assert (opened.count_experiments(), opened.count_runs(), opened.count_logged_models()) == (1, 1, 0)
        assert opened.search_runs(["1", "2", "3", "4"], filter_string=f"params.{CANARY} = '1'") == []
        assert opened.datasets(["1", "2", "3"]) == []
        assert CANARY not in str(opened.search_experiments(filter_string="name != 'x'"))


def test_what_is_logged_to_anothers_is_kept_and_told(
    url: str, store: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "notes").write_text("notes")
    with tracker.open(url) as opened:
        run = opened.start_run(CANARY, name="taken over")
        run.log({"loss": 0.5}, step=1)
        run.log_artifact(tmp_path / "notes")
        assert run.flush() == tracker.Level.SYNCED
        assert f"Could not find experiment with name '{CANARY}'" in caplog.text
        # What is logged besides is stored.
        with opened.start_run("shared", name="fine") as fine:
            fine.log({"loss": 0.1}, step=1)
        assert opened.get_run(fine.run_id).status == tracker.RunStatus.FINISHED
    aside = b"".join(path.read_bytes() for path in tmp_path.rglob("*.refused"))
    assert b"taken over" in aside
    assert caplog.text.count(" refuses ") == 1
    assert not list(tmp_path.rglob("spool/*/journals/*.journal"))
    with tracker.open(store) as whole:
        assert {each.name for each in whole.search_runs()} & {"taken over", "fine", ""} == {"fine"}


def test_an_experiment_that_is_new_is_theirs(url: str, store: Path) -> None:
    with tracker.open(url) as opened, opened.start_run("brand new") as run:
        run.log({"loss": 0.5}, step=1)
    with tracker.open(url) as opened:
        assert opened.get_run(run.run_id).experiment == "brand new"
        with opened.start_run(run_id=run.run_id) as again:
            again.log({"loss": 0.4}, step=2)
    users = Users(store)
    ann = users.get("ann")
    assert Role.MANAGE in {each.role for each in users.grants(ann.number)}
    users.close()


def spooled(url: str) -> ServerPlace:
    place = place_of(url)
    assert isinstance(place, ServerPlace)
    place.prepare()
    return place


def test_a_run_may_be_told_of_after_what_is_logged_into_it(url: str, store: Path) -> None:
    place, run_id = spooled(url), "a" * 32
    early, late = sorted([Journal(place.journals), Journal(place.journals)], key=lambda each: each.journal_id)
    early.append(encode(LogMetrics(run_id, 1, 1, {"loss": 0.5})))
    late.append(encode(StartRun(run_id, "shared", "late", None, 1)))
    for each in (early, late):
        each.close()
    done = anyio.run(send_all, place)
    assert (done.left, done.problem) == (0, "")
    assert not list(place.journals.iterdir())
    with tracker.open(store) as opened:
        assert opened.get_run(run_id).metrics == {"loss": 0.5}


def test_a_run_that_nobody_tells_of_is_not_waited_for_for_ever(
    url: str, foreign: tuple[str, str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sender, "RUN_SECONDS", 0.3)
    place, made = spooled(url), Journal(spooled(url).journals)
    for run_id in ("b" * 32, foreign[0]):
        made.append(encode(SetTags(run_id, {"k": "v"})))
        made.append(encode(StartRun("c" * 32, "shared", "fine", None, 1)))
    made.close()
    with caplog.at_level(logging.WARNING, "tracker"):
        done = anyio.run(send_all, place)
    assert (done.left, "refused some of it" in done.problem) == (0, True)
    assert [path.suffix for path in place.journals.iterdir()] == [".refused"]
    assert [f"no run '{run_id}'" in caplog.text for run_id in ("b" * 32, foreign[0])] == [True, True]
    with tracker.open(url) as opened:
        assert opened.get_run("c" * 32).name == "fine"
