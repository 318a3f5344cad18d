"""Registered models from code: the best one pinned, whoever asks at the same time; and models deleted."""

from __future__ import annotations

import math
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from anyio import to_thread

import tracker
from tracker.artifacts import LocalArtifacts
from tracker.cli.main import main
from tracker.entities import File
from tracker.errors import (
    AmbiguousDataset,
    DatasetNotFound,
    InvalidInput,
    InvalidMetric,
    ModelNotFound,
    ModelPinned,
    RegisteredModelNotFound,
    StoreUnavailable,
    VersionNotFound,
)
from tracker.store.sqlite import upkeep
from tracker.store.sqlite.connection import Connection
from tracker.writer import WriterLock

# What looks at the store's own folder.
in_folder = pytest.mark.parametrize("opened", ["folder"], indirect=True)

Process = Callable[..., subprocess.Popen[str]]


def save(folder: Path) -> None:
    (folder / "w").write_bytes(b"weights")


@pytest.fixture
def run(opened: tracker.Tracker) -> tracker.Run:
    return opened.start_run("nets")


def logged(run: tracker.Run, score: float | None, dataset: tracker.Dataset | None = None) -> tracker.LoggedModel:
    model = run.log_model("net", save, step=1)
    if score is not None:
        model.log({"acc": score}, dataset=dataset)
    return model


def test_the_better_one_is_promoted_and_the_decision_recorded(opened: tracker.Tracker, run: tracker.Run) -> None:
    first, worse, better = logged(run, 0.5), logged(run, 0.4), logged(run, 0.75)
    decisions = [opened.promote_if_better(model, "digits", metric="acc") for model in (first, worse, better)]
    assert [decision.promote for decision in decisions] == [True, False, True]
    assert decisions[1].reason == "worse by 0.1: acc 0.4 against 0.5, maximize"
    assert decisions[2].lead == 0.25
    recorded = opened.promotions("digits", "best")
    assert [each.decision for each in recorded] == decisions
    assert [each.version for each in recorded] == [1, None, 2]
    assert opened.promotions("digits", "other") == opened.promotions("nowhere") == []
    (registered,) = opened.registered_models()
    assert (registered.name, registered.aliases) == ("digits", {"best": 2})
    assert [version.model_id for version in registered.versions] == [first.model_id, better.model_id]


def test_a_goal_a_dataset_and_a_least_lead_are_kept_to(
    opened: tracker.Tracker, run: tracker.Run, validation: tracker.Dataset
) -> None:
    first, second = logged(run, 0.5, validation), logged(run, 0.4, validation)
    promote = partial(
        opened.promote_if_better, name="digits", metric="acc", goal="minimize", dataset="validation", alias="small"
    )
    assert promote(first.model_id).promote
    close = promote(second.uri, min_lead=0.2)
    assert (close.promote, close.lead, close.candidate.dataset) == (False, 0.1, validation.ref)
    assert promote(second, min_lead=0.1).promote
    assert opened.get_logged_model("models:/digits@small").model_id == second.model_id


def test_the_values_that_count_are_the_newest_ones(opened: tracker.Tracker, run: tracker.Run) -> None:
    first, second = logged(run, 0.9), logged(run, 0.5)
    opened.promote_if_better(first, "digits", metric="acc")
    first.log({"acc": 0.1})
    assert opened.promote_if_better(second, "digits", metric="acc").promote


def test_models_are_found_by_alias_and_version(opened: tracker.Tracker, run: tracker.Run) -> None:
    first, second = logged(run, 0.5), logged(run, 0.6)
    for model in (first, second):
        opened.promote_if_better(model, "my digits", metric="acc")
    found = {
        uri: opened.get_logged_model(uri).model_id
        for uri in (f"models:/{first.model_id}", first.model_id, "models:/my digits/1", "models:/my digits/latest")
    }
    assert list(found.values()) == [first.model_id] * 3 + [second.model_id]
    best = opened.get_logged_model("models:/my digits@best")
    assert (best.model_id, best.metrics) == (second.model_id, {"acc": 0.6})
    opened.set_alias("my digits", "best", 1)
    assert opened.get_logged_model("models:/my digits@best").model_id == first.model_id
    opened.delete_alias("my digits", "best")
    opened.delete_alias("my digits", "best")
    for wrong in ("models:/my digits@best", "models:/my digits/best", "models:/my digits/3", "models:/my digits/"):
        with pytest.raises(VersionNotFound):
            opened.get_logged_model(wrong)
    with pytest.raises(RegisteredModelNotFound, match=r"no registered model 'my digit'; did you mean 'my digits'\?"):
        opened.get_logged_model("models:/my digit@best")
    for wrong in ("m-1", "models:/m-1", "models:/", ""):
        with pytest.raises(ModelNotFound):
            opened.get_logged_model(wrong)


def test_a_mistyped_alias_is_named_with_the_nearest(opened: tracker.Tracker, run: tracker.Run) -> None:
    opened.promote_if_better(logged(run, 0.5), "digits", metric="acc")
    with pytest.raises(VersionNotFound, match="no version or alias of registered model 'digits' is called 'bets'; did"):
        opened.get_logged_model("models:/digits@bets")
    with pytest.raises(VersionNotFound):
        opened.set_alias("digits", "champion", 2)
    with pytest.raises(InvalidInput, match="whole number"):
        opened.set_alias("digits", "champion", "1")  # type: ignore[arg-type]  # what users write
    with pytest.raises(RegisteredModelNotFound):
        opened.set_alias("letters", "champion", 1)


@pytest.mark.parametrize("alias", ["latest", "LATEST", "v1", "V12", "", "a b", "a@b", "a/b", "x" * 256, "best\n", 3])
def test_a_bad_alias_is_refused(opened: tracker.Tracker, run: tracker.Run, alias: str) -> None:
    model = logged(run, 0.5)
    with pytest.raises(InvalidInput, match="alias"):
        opened.promote_if_better(model, "digits", alias=alias, metric="acc")
    opened.promote_if_better(model, "digits", metric="acc")
    with pytest.raises(InvalidInput, match="alias"):
        opened.set_alias("digits", alias, 1)
    with pytest.raises(InvalidInput, match="alias"):
        opened.delete_alias("digits", alias)


@pytest.mark.parametrize("name", ["", " ", "a/b", "a:b", "..", "x" * 251, "a\nb", None])
def test_a_bad_name_is_refused(opened: tracker.Tracker, run: tracker.Run, name: str) -> None:
    with pytest.raises(InvalidInput, match="registered model name"):
        opened.promote_if_better(logged(run, 0.5), name, metric="acc")
    assert opened.registered_models() == []


@pytest.mark.parametrize("name", ["v1", "latest", "a@b", "ü", "m-1", "1", "a.b"])
def test_any_other_name_can_be_found_by(opened: tracker.Tracker, run: tracker.Run, name: str) -> None:
    model = logged(run, 0.5)
    opened.promote_if_better(model, name, metric="acc", alias="vbest")
    for uri in (f"models:/{name}@vbest", f"models:/{name}/1"):
        assert opened.get_logged_model(uri).model_id == model.model_id


def test_what_cannot_be_decided_is_refused_and_not_recorded(
    opened: tracker.Tracker, run: tracker.Run, validation: tracker.Dataset, holdout: tracker.Dataset
) -> None:
    model = logged(run, 0.5, validation)
    model.log({"acc": 0.6}, dataset=holdout)
    with pytest.raises(AmbiguousDataset):
        opened.promote_if_better(model, "digits", metric="acc")
    with pytest.raises(DatasetNotFound):
        opened.promote_if_better(model, "digits", metric="acc", dataset="test")
    with pytest.raises(ModelNotFound):
        opened.promote_if_better("m-1", "digits", metric="acc")
    with pytest.raises(InvalidInput, match="maximise"):
        opened.promote_if_better(model, "digits", metric="acc", goal="maximise", dataset="holdout")
    with pytest.raises(InvalidMetric):
        opened.promote_if_better(model, "digits", metric="", dataset="holdout")
    for lead in (-1.0, math.nan, math.inf):
        with pytest.raises(InvalidInput, match="min_lead"):
            opened.promote_if_better(model, "digits", metric="acc", min_lead=lead, dataset="holdout")
    assert opened.promotions("digits") == []


def test_what_was_never_measured_is_decided_against(opened: tracker.Tracker, run: tracker.Run) -> None:
    decision = opened.promote_if_better(logged(run, None), "digits", metric="acc")
    assert (decision.promote, decision.reason.partition(" ")[2]) == (False, "has no acc, which never ranks")
    assert len(opened.promotions("digits")) == 1
    assert opened.registered_models() == []


def test_while_the_store_cannot_be_written_a_promotion_waits(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracker.client.engine.CLOSE_SECONDS", 0.05)
    with tracker.open(store) as opened:
        model = logged(opened.start_run("nets"), 0.5)
        opened.flush()
        with (
            WriterLock(store / "tracker.lock").held(wait=True),
            pytest.raises(StoreUnavailable, match="waits in the journal"),
        ):
            opened.promote_if_better(model, "digits", metric="acc")
    with tracker.open(store) as opened:
        assert opened.get_logged_model("models:/digits@best").model_id == model.model_id


# --- several processes

PROMOTING = """
import sys, tracker
with tracker.open(sys.argv[1]) as opened:
    print("ready", flush=True)
    for line in sys.stdin:
        name, model_id = line.split()
        decision = opened.promote_if_better(model_id, name, metric="acc")
        print(int(decision.promote), decision.reason, flush=True)
"""
# What one would write without the store's help: look who is best, decide, then set the alias.
LOOKING_FIRST = """
import sys, tracker
from tracker.ranking import Standing, decide_promotion
with tracker.open(sys.argv[1]) as opened:
    name, version, score = sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
    (registered,) = opened.registered_models()
    assert "best" not in registered.aliases
    decision = decide_promotion(Standing("mine", "acc", score), None)
    print("decided", flush=True)
    sys.stdin.readline()
    assert decision.promote
    opened.set_alias(name, "best", version)
    print("set", flush=True)
    sys.stdin.readline()
"""


def answer(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().rstrip("\n")


def tell(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{line}\n")
    process.stdin.flush()


def test_of_two_processes_that_promote_at_once_the_better_one_wins(store: Path, start_python: Process) -> None:
    rounds = 12
    with tracker.open(store) as opened, opened.start_run("nets") as run:
        good, bad = logged(run, 0.9), logged(run, 0.8)
        run.flush()
        programs = [start_python(PROMOTING, store) for _ in range(2)]
        assert [answer(program) for program in programs] == ["ready", "ready"]
        for number in range(rounds):
            name = f"digits {number}".replace(" ", "-")
            pairs = list(zip(programs, (good, bad) if number % 2 else (bad, good), strict=True))
            for program, model in pairs:
                tell(program, f"{name} {model.model_id}")
            said = {model.model_id: answer(program) for program, model in pairs}
            # Another process has stored all of it, and nothing that this one logged waits.
            assert opened.get_logged_model(f"models:/{name}@best").model_id == good.model_id
            first, second = opened.promotions(name)
            assert {each.decision.candidate.model_id for each in (first, second)} == {good.model_id, bad.model_id}
            assert said == {
                each.decision.candidate.model_id: f"{int(each.decision.promote)} {each.decision.reason}"
                for each in (first, second)
            }
            assert first.decision.reason.startswith("there is no incumbent; ")
            late_is_good = second.decision.candidate.model_id == good.model_id
            assert second.decision.reason == (
                "better by 0.1: acc 0.9 against 0.8, maximize"
                if late_is_good
                else "worse by 0.1: acc 0.8 against 0.9, maximize"
            )
        assert [program.communicate(timeout=60)[1] for program in programs] == ["", ""]


def test_who_looks_first_and_sets_then_loses_what_another_did(store: Path, start_python: Process) -> None:
    """The control: what promotions are decided in the store for."""
    with tracker.open(store) as opened, opened.start_run("nets") as run:
        good, bad = logged(run, 0.9), logged(run, 0.8)
        for model in (bad, good):
            opened.promote_if_better(model, "digits", metric="acc")
        opened.delete_alias("digits", "best")
        better = start_python(LOOKING_FIRST, store, "digits", 2, 0.9)
        worse = start_python(LOOKING_FIRST, store, "digits", 1, 0.8)
        assert [answer(better), answer(worse)] == ["decided", "decided"]
        for program in (better, worse):
            tell(program, "go on")
            assert answer(program) == "set"
        assert opened.get_logged_model("models:/digits@best").model_id == bad.model_id
        assert [program.communicate("\n", timeout=60)[1] for program in (better, worse)] == ["", ""]


KILLED = """
import os, signal, sys, tracker
from tracker.client.registering import Registering
async def die(*_): os.kill(os.getpid(), signal.SIGKILL)
with tracker.open(sys.argv[1]) as opened:
    inner = opened.inner
    original = inner.engine.recorder.record
    def record_and_die(record):
        original(record)
        os.kill(os.getpid(), signal.SIGKILL)
    inner.engine.recorder.record = record_and_die
    opened.promote_if_better(sys.argv[2], "digits", metric="acc")
"""


def test_what_a_killed_process_had_logged_is_decided_once(store: Path, start_python: Process) -> None:
    with tracker.open(store) as opened, opened.start_run("nets") as run:
        model = logged(run, 0.9)
    assert start_python(KILLED, store, model.model_id).wait(60) == -9
    for _ in range(2):
        with tracker.open(store) as opened:
            assert opened.get_logged_model("models:/digits@best").model_id == model.model_id
            assert len(opened.promotions("digits")) == 1


# --- deleting


@in_folder
def test_a_deleted_model_is_gone_with_its_files_and_its_metrics_stay(
    opened: tracker.Tracker, run: tracker.Run, store: Path
) -> None:
    model, other = logged(run, 0.9), logged(run, 0.8)
    opened.delete_logged_model(model.model_id)
    opened.delete_logged_model(f"models:/{model.model_id}")
    with pytest.raises(ModelNotFound):
        opened.get_logged_model(model.model_id)
    with pytest.raises(ModelNotFound):
        model.download(store.parent / "out")
    assert [each.model_id for each in opened.search_logged_models()] == [other.model_id]
    assert [each.model_id for each in opened.rank("acc")] == [other.model_id]
    assert opened.count_logged_models() == 1
    assert opened.metric_history(run.run_id, "acc").values.tolist() == [0.9, 0.8]
    assert not model.path.exists()
    assert (other.path / "w").read_bytes() == b"weights"
    with pytest.raises(ModelNotFound):
        opened.delete_logged_model("m-1")
    opened.flush()
    assert main(["doctor", "--deep", "--store", str(store)]) == 0


@in_folder
def test_a_pinned_model_is_not_deleted(opened: tracker.Tracker, run: tracker.Run) -> None:
    model = logged(run, 0.9)
    opened.promote_if_better(model, "digits", metric="acc")
    with pytest.raises(
        ModelPinned, match=rf"^{model.model_id} is digits@best: move or delete the alias before"
    ) as caught:
        opened.delete_logged_model("models:/digits@best")
    assert "\n" not in str(caught.value)
    assert (model.path / "w").exists()
    opened.delete_alias("digits", "best")
    opened.delete_logged_model(model.model_id)
    # The version is there still, and its model is not.
    with pytest.raises(ModelNotFound):
        opened.get_logged_model("models:/digits/1")
    with pytest.raises(ModelNotFound):
        opened.set_alias("digits", "best", 1)


DYING = """
import os, signal, sys, tracker
from tracker.artifacts import LocalArtifacts
LocalArtifacts.remove = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
with tracker.open(sys.argv[1]) as opened:
    opened.delete_logged_model(sys.argv[2])
"""


def test_what_a_killed_deletion_leaves_the_next_one_or_gc_removes(
    store: Path, start_python: Process, capsys: pytest.CaptureFixture[str]
) -> None:
    with tracker.open(store) as opened, opened.start_run("nets") as run:
        first, second = logged(run, 0.9), logged(run, 0.8)
    for model in (first, second):
        assert start_python(DYING, store, model.model_id).wait(60) == -9
        assert (model.path / "w").exists()
    assert main(["doctor", "--deep", "--store", str(store)]) == 0
    with tracker.open(store) as opened:
        assert opened.search_logged_models() == []
        opened.delete_logged_model(first.model_id)
    assert not first.path.exists()
    capsys.readouterr()
    assert main(["gc", "--store", str(store)]) == 0
    assert capsys.readouterr().out.splitlines()[0].split() == [
        "files",
        "of",
        "deleted",
        "checkpoints",
        "1",
        "7",
        "bytes",
    ]
    assert not second.path.exists()
    assert main(["doctor", "--deep", "--store", str(store)]) == 0


@pytest.mark.anyio
@pytest.mark.parametrize("link", [False, True])
async def test_what_is_deleted_while_a_backup_is_made_is_deleted_in_it_too(
    store: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    link: bool,  # noqa: FBT001
) -> None:
    def save_two(folder: Path) -> None:
        (folder / "a").write_bytes(b"a")
        save(folder)

    async with tracker.connect(store) as opened, await opened.start_run("nets") as run:
        stays, goes, halfway = [await run.log_model("net", save_two) for _ in range(3)]
        original, copy_to = upkeep.copy_into, LocalArtifacts.copy_to

        async def copy_and_delete(connection: Connection, place: Path) -> None:
            await original(connection, place)
            await opened.delete_logged_model(goes.model_id)
            await opened.delete_logged_model(halfway.model_id)

        def copy_half(self: LocalArtifacts, other: LocalArtifacts, owner: str, file: File, *, link: bool) -> None:
            # The other file was there still when this one was copied.
            if (owner, file.path) == (halfway.model_id, "a"):
                other.path(owner).mkdir(parents=True)
                (other.path(owner) / "a").write_bytes(b"a")
                return
            copy_to(self, other, owner, file, link=link)

        monkeypatch.setattr(upkeep, "copy_into", copy_and_delete)
        monkeypatch.setattr(LocalArtifacts, "copy_to", copy_half)
        done = await opened.backup(store.parent / "copy", link=link)
    assert (done.files, done.file_bytes, done.damaged) == (2, 8, ())
    async with tracker.connect(store.parent / "copy") as copy:
        assert [each.model_id for each in await copy.search_logged_models()] == [stays.model_id]
    assert [path.name for path in (store.parent / "copy" / "artifacts" / "models").iterdir()] == [stays.model_id]
    assert await to_thread.run_sync(main, ["doctor", "--deep", "--store", str(store.parent / "copy")]) == 0
    assert "all is well" in capsys.readouterr().out


@pytest.mark.anyio
async def test_async_code_has_the_same_words(store: Path) -> None:
    async with tracker.connect(store) as opened, await opened.start_run("nets") as run:
        model = await run.log_model("net", save)
        await model.log({"acc": 0.5})
        assert (await opened.promote_if_better(model, "digits", metric="acc")).promote
        assert (await opened.get_logged_model("models:/digits@best")).model_id == model.model_id
        await opened.set_alias("digits", "old", 1)
        assert [each.aliases for each in await opened.registered_models()] == [{"best": 1, "old": 1}]
        assert len(await opened.promotions("digits")) == 1
        with pytest.raises(ModelPinned):
            await opened.delete_logged_model(model.model_id)
        for alias in ("best", "old"):
            await opened.delete_alias("digits", alias)
        await opened.delete_logged_model(model.model_id)
        assert list(await opened.search_logged_models()) == []
