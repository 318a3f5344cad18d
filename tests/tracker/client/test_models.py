"""Checkpoints: saved whole or marked as failed, measured, and given back byte for byte."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest

import tracker
from tracker.entities.records import CreateModel, FinishModel
from tracker.errors import ArtifactDamaged, InvalidInput, InvalidMetric, ModelNotFound, SaveFailed

# What looks at the store's own folder.
in_folder = pytest.mark.parametrize("opened", ["folder"], indirect=True)

CONTENT = bytes(range(256)) * 5


def into_folder(folder: Path) -> None:
    (folder / "deep").mkdir()
    (folder / "deep" / "w.bin").write_bytes(CONTENT)
    (folder / "config.json").write_text("{}")


def to_file(path: Path) -> None:
    path.write_bytes(CONTENT)


def beside(path: Path) -> None:
    """Add a suffix of its own, as some libraries do."""
    with path.with_name(path.name + ".npz").open("wb") as file:
        file.write(CONTENT)


def nothing(folder: Path) -> None:
    del folder


def empty_folder(folder: Path) -> None:
    (folder / "empty").mkdir()


def fails(folder: Path) -> None:
    (folder / "half").write_bytes(b"half")
    raise RuntimeError("no space for this one")


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def run(opened: tracker.Tracker) -> tracker.Run:
    return opened.start_run("nets", params={"lr": 0.1})


def test_a_checkpoint_is_what_was_said_of_it(opened: tracker.Tracker, run: tracker.Run) -> None:
    model = run.log_model("net", to_file, step=3, model_type="torch", params={"depth": 2}, tags={"best": True})
    found = opened.get_logged_model(model.model_id)
    for each in (model, found):
        assert (each.name, each.step, each.run_id, each.status) == ("net", 3, run.run_id, tracker.ModelStatus.READY)
        assert (each.params, each.tags, each.metrics) == ({"lr": 0.1, "depth": 2}, {"best": "True"}, {})
        assert each.uri == f"models:/{each.model_id}"
        assert repr(each) == f"<LoggedModel {model.model_id} 'net' step=3>"
    assert found.info.model_type == "torch"
    assert model.model_id.startswith("m-")
    assert len(model.model_id) == 34
    assert opened.get_logged_model(model.uri).model_id == model.model_id


@in_folder
@pytest.mark.parametrize(
    ("save", "wanted"),
    [(into_folder, {"deep/w.bin": CONTENT, "config.json": b"{}"}), (to_file, {"net": CONTENT})],
)
def test_a_checkpoint_comes_back_byte_for_byte(
    opened: tracker.Tracker,
    run: tracker.Run,
    tmp_path: Path,
    save: Callable[[Path], None],
    wanted: dict[str, bytes],
) -> None:
    model = run.log_model("net", save)
    assert model.step is None
    assert tree(model.path) == wanted
    assert model.download(tmp_path / "out") == tmp_path / "out"
    assert opened.get_logged_model(model.model_id).download(str(tmp_path / "again")) == tmp_path / "again"
    opened.download(model.model_id, tmp_path / "by id")
    assert tree(tmp_path / "out") == tree(tmp_path / "again") == tree(tmp_path / "by id") == wanted


@in_folder
def test_a_checkpoint_may_be_a_path(run: tracker.Run, tmp_path: Path) -> None:
    folder = tmp_path / "made"
    folder.mkdir()
    into_folder(folder)
    assert tree(run.log_model("net", folder).path) == tree(folder)
    assert tree(run.log_model("net", str(folder / "config.json")).path) == {"config.json": b"{}"}
    assert len(tree(folder)) == 2


def test_the_save_function_gets_an_empty_folder_each_time(run: tracker.Run) -> None:
    seen = []

    def save(folder: Path) -> None:
        seen.append(folder)
        assert list(folder.iterdir()) == []
        to_file(folder / "w")

    for step in range(3):
        run.log_model("net", save, step=step)
    assert len(set(seen)) == 3
    assert not any(folder.exists() for folder in seen)


@in_folder
@pytest.mark.parametrize(
    ("save", "error", "text"),
    [
        (nothing, SaveFailed, "'net': its save function wrote nothing"),
        (empty_folder, SaveFailed, "'net': its save function wrote nothing"),
        (beside, SaveFailed, "wrote nothing"),
        (fails, RuntimeError, "no space for this one"),
        ("no/such/file", InvalidInput, "no/such/file"),
    ],
)
def test_a_checkpoint_that_was_not_saved_is_marked_as_failed(
    opened: tracker.Tracker, run: tracker.Run, save: Callable[[Path], None] | str, error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        run.log_model("net", save, step=1)
    (found,) = opened.search_logged_models()
    assert (found.name, found.step, found.status) == ("net", 1, tracker.ModelStatus.UPLOAD_FAILED)
    assert not found.path.exists()
    assert list((opened.path / "artifacts" / "staging").iterdir()) == []
    assert opened.get_run(run.run_id).status == tracker.RunStatus.RUNNING


def test_a_name_that_does_not_fit_is_refused_before_anything_is_saved(
    opened: tracker.Tracker, run: tracker.Run
) -> None:
    for name in ("a/b", "", "x:y"):
        with pytest.raises(InvalidInput):
            run.log_model(name, fails)
    with pytest.raises(InvalidMetric, match="step"):
        run.log_model("net", fails, step=2**63)
    assert opened.search_logged_models() == []


def damaged(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))


@in_folder
@pytest.mark.parametrize("damage", [damaged, Path.unlink])
def test_a_damaged_checkpoint_is_not_given(run: tracker.Run, tmp_path: Path, damage: Callable[[Path], None]) -> None:
    model = run.log_model("net", into_folder)
    damage(model.path / "deep" / "w.bin")
    with pytest.raises(ArtifactDamaged, match=f"{model.model_id}.*deep/w.bin"):
        model.download(tmp_path / "out")
    assert "deep/w.bin" not in tree(tmp_path / "out")


def test_what_a_checkpoint_scores_is_known_here_and_in_the_store(
    opened: tracker.Tracker, run: tracker.Run, validation: tracker.Dataset, holdout: tracker.Dataset
) -> None:
    model = run.log_model("net", to_file, step=3)
    model.log({"acc": 0.9, "odd": math.nan}, dataset=validation)
    model.log({"acc": 0.8}, dataset=holdout)
    model.log({"acc": 0.7, "size": 12})
    for each in (model, opened.get_logged_model(model.model_id)):
        assert {(entry.key, entry.dataset, entry.step) for entry in each.measurements} == {
            ("acc", validation.ref, 3),
            ("odd", validation.ref, 3),
            ("acc", holdout.ref, 3),
            ("acc", None, 3),
            ("size", None, 3),
        }
        assert each.metric("acc", "validation") == 0.9
        assert each.metric("acc", "holdout") == 0.8
        assert each.metric("acc", "nowhere") is None
        assert each.metric("size") == 12
        assert each.metrics["acc@validation"] == 0.9
        assert each.metrics["acc@holdout"] == 0.8
        assert each.metrics["acc"] == 0.7
        assert math.isnan(each.metrics["odd"])
    assert opened.metric_history(run.run_id, "acc", "holdout").values.tolist() == [0.8]
    assert opened.metric_history(run.run_id, "acc").values.tolist() == [0.9, 0.8, 0.7]


def test_a_checkpoints_metrics_are_its_runs_too(
    opened: tracker.Tracker, run: tracker.Run, validation: tracker.Dataset
) -> None:
    for step in range(3):
        run.log_model("net", to_file, step=step).log({"acc": step / 10}, dataset=validation)
    assert opened.get_run(run.run_id).metrics == {"acc": 0.2}
    found = opened.metric_history(run.run_id, "acc")
    assert (found.steps.tolist(), found.values.tolist()) == ([0, 1, 2], [0.0, 0.1, 0.2])


def test_the_newest_measurement_counts(opened: tracker.Tracker, run: tracker.Run, validation: tracker.Dataset) -> None:
    model = run.log_model("net", to_file, step=3)
    for value in (0.9, 0.5):
        model.log({"acc": value}, dataset=validation)
    assert model.metrics == opened.get_logged_model(model.model_id).metrics == {"acc": 0.5}


def test_bad_measurements_are_refused_whole(
    opened: tracker.Tracker, run: tracker.Run, validation: tracker.Dataset
) -> None:
    model = run.log_model("net", to_file)
    with pytest.raises(InvalidMetric, match="'bad'"):
        model.log({"good": 1.0, "bad": "0.3"}, dataset=validation)
    with pytest.raises(InvalidMetric, match="step"):
        model.log({"good": 1.0}, step=2**63)
    assert model.measurements == opened.get_logged_model(model.model_id).measurements == ()
    assert opened.datasets() == []


def test_a_found_checkpoint_may_be_measured_later(store: Path, validation: tracker.Dataset) -> None:
    with tracker.open(store) as opened, opened.start_run("nets") as run:
        model_id = run.log_model("net", to_file, step=7).model_id
    with tracker.open(store) as opened:
        opened.get_logged_model(model_id).log({"acc": 0.5}, dataset=validation)
        assert [model.model_id for model in opened.rank("acc")] == [model_id]
        assert opened.metric_history(run.run_id, "acc").steps.tolist() == [7]


def test_a_checkpoint_outlives_its_tracker(store: Path, tmp_path: Path) -> None:
    with tracker.open(store) as opened, opened.start_run("nets") as run:
        model = run.log_model("net", to_file)
    model.download(tmp_path / "out")
    assert tree(tmp_path / "out") == {"net": CONTENT}


@pytest.mark.parametrize("wanted", ["m-" + "0" * 32, "nobody", "", "models:/nobody"])
def test_an_unknown_checkpoint_is_named(opened: tracker.Tracker, wanted: str) -> None:
    with pytest.raises(ModelNotFound) as caught:
        opened.get_logged_model(wanted)
    assert repr(wanted) in str(caught.value)


def test_the_newest_value_logged_through_a_checkpoint_counts_whatever_it_was_logged_with(
    opened: tracker.Tracker, run: tracker.Run
) -> None:
    model = run.log_model("net", to_file, step=3)
    model.log({"acc": 0.5, "loss": 2.0})
    model.log({"acc": 0.75})
    assert model.metrics == {"acc": 0.75, "loss": 2.0}
    model.log({"acc": 0.25, "loss": 1.0})
    assert model.metrics == {"acc": 0.25, "loss": 1.0}
    opened.flush()
    assert opened.get_logged_model(model.model_id).metrics == {"acc": 0.25, "loss": 1.0}


def test_a_checkpoint_with_an_id_of_a_strangers_is_measured_like_any_other(
    opened: tracker.Tracker, run: tracker.Run
) -> None:
    recorder = opened.inner.engine.recorder
    recorder.record(CreateModel("net-7", run.run_id, "net", "", 3, 1000))
    recorder.record(FinishModel("net-7", tracker.ModelStatus.READY, 1000))
    opened.flush()
    opened.get_logged_model("net-7").log({"acc": 0.5, "bad": math.nan})
    opened.flush()
    found = opened.get_logged_model("net-7")
    assert (found.metric("acc"), str(found.metric("bad")), found.step) == (0.5, "nan", 3)


def test_more_sets_of_metrics_than_are_remembered_are_measured_all_the_same(
    opened: tracker.Tracker, run: tracker.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracker.client.recorder._LAYOUTS", 3)
    model = run.log_model("net", to_file)
    wanted = {f"metric {number}": number / 7 for number in range(10)}
    for _ in range(2):
        for key, value in wanted.items():
            model.log({key: value})
    opened.flush()
    assert model.metrics == opened.get_logged_model(model.model_id).metrics == wanted
