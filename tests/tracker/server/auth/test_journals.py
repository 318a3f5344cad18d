"""What a user may say in a journal: of what is theirs, and of nothing else."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.entities import DatasetInfo, File
from tracker.entities.records import (
    AddFiles,
    CreateModel,
    DeleteAlias,
    DeleteModel,
    EndRun,
    Fence,
    FinishModel,
    LogInput,
    LogMetrics,
    LogParams,
    LogPoints,
    MeasureModel,
    PointOf,
    Promote,
    Record,
    Rewind,
    SetAlias,
    SetTags,
    StartRun,
)
from tracker.journal import Layout, ModelLayout, Received, Sent, model_bytes
from tracker.server.auth import Role
from tracker.server.concerns import Kind
from tracker.server.native_api.spoken import spoken_of

from .conftest import CANARY, Served, Things
from .native import FIRST, ask, frames_of, journal_of, send
from .test_leaks import state

Said = Sequence[Record | bytes]
KEPT = (File("w", 1, "0" * 64),)


def new_run() -> str:
    return secrets.token_hex(16)


def start(run_id: str, experiment: str, parent: str | None = None) -> StartRun:
    return StartRun(run_id, experiment, "by hand", parent, 1)


def points(run_id: str) -> list[bytes]:
    """Return points of a run as columns have them, and their layout."""
    layout = Layout(run_id, ("k",))
    layout.offset = FIRST
    return [layout.definition(), layout.points(1, 2, (3.0,))]


def measured(run_id: str, model_id: str) -> list[bytes]:
    """Return points of a run's model as columns have them, and their layout."""
    layout = ModelLayout(run_id, ("k",), None)
    layout.offset = FIRST
    return [layout.definition(), layout.points(1, 2, (model_bytes(model_id) or b"", 3.0))]


def promote(name: str, model_id: str) -> Promote:
    return Promote(secrets.token_hex(16), name, "best", model_id, CANARY, "maximize", None, 0.0, 1)


def checkpoint(model_id: str, run_id: str) -> CreateModel:
    return CreateModel(model_id, run_id, "net", "", 1, 1)


# What is said of one's own things and of another's, which is last.
DOORS: dict[str, Callable[[Things, Things], Said]] = {
    "another's run in one's own experiment": lambda own, other: [start(other.run_id, own.experiment)],
    "one's own run in another's experiment": lambda own, other: [start(own.run_id, other.experiment)],
    "a new run in another's experiment": lambda _, other: [start(new_run(), other.experiment)],
    "a parent": lambda own, other: [start(new_run(), own.experiment, other.run_id)],
    "an end": lambda _, other: [EndRun(other.run_id, "FAILED", 3)],
    "metrics": lambda _, other: [LogMetrics(other.run_id, 1, 1, {"k": 1.0})],
    "points": lambda _, other: [LogPoints(other.run_id, (PointOf("k", 1, 1, 1.0),))],
    "points of a model": lambda own, other: [LogPoints(own.run_id, (PointOf("k", 1, 1, 1.0, other.model_id),))],
    "columns": lambda _, other: points(other.run_id),
    "a model's columns in another's run": lambda own, other: measured(other.run_id, own.model_id),
    "columns of another's model": lambda own, other: measured(own.run_id, other.model_id),
    "params": lambda _, other: [LogParams(other.run_id, {"k": 1})],
    "tags": lambda _, other: [SetTags(other.run_id, {"k": "v"})],
    "a parent as a tag": lambda own, other: [SetTags(own.run_id, {"mlflow.parentRunId": other.run_id})],
    "a dataset": lambda _, other: [LogInput(other.run_id, DatasetInfo("d", "1"), "")],
    "a new model of a run": lambda _, other: [checkpoint(f"m-{new_run()}", other.run_id)],
    "a model that there is": lambda own, other: [checkpoint(other.model_id, own.run_id)],
    "a model's end": lambda own, other: [FinishModel(other.model_id, "UPLOAD_FAILED", 1, own.run_id)],
    "a model's end, as old journals say it": lambda _, other: [FinishModel(other.model_id, "UPLOAD_FAILED", 1)],
    "a measurement": lambda own, other: [MeasureModel(other.model_id, own.run_id, 1, 1, {"k": 1.0}, None)],
    "a measurement in a run": lambda own, other: [MeasureModel(own.model_id, other.run_id, 1, 1, {"k": 1.0}, None)],
    "files of a run": lambda own, other: [AddFiles(other.run_id, KEPT, own.run_id)],
    "files of a model": lambda own, other: [AddFiles(other.model_id, KEPT, own.run_id)],
    "a fence": lambda _, other: [Fence(other.run_id, 9)],
    "what is taken back": lambda _, other: [Rewind(other.run_id, 0, 2**60)],
    "a promotion of another's model": lambda own, other: [promote(own.registered, other.model_id)],
    "a promotion to another's name": lambda own, other: [promote(other.registered, own.model_id)],
    "an alias": lambda _, other: [SetAlias(other.registered, "new", 1, 1)],
    "no alias": lambda _, other: [DeleteAlias(other.registered, CANARY, 1)],
    "no model": lambda _, other: [DeleteModel(other.model_id, 1)],
}


@pytest.fixture(scope="module")
def edited(served: Served) -> Things:
    """Make what is the stranger's own, to be changed."""
    return served.things("stranger", "edited")


@pytest.mark.parametrize("door", DOORS)
def test_a_journal_is_refused_whole_that_speaks_of_anothers(
    served: Served, foreign: Things, edited: Things, door: str
) -> None:
    before = state(served, foreign)
    mine = SetTags(edited.run_id, {door: "v"})
    said = DOORS[door](edited, foreign)
    answer = send(served, "stranger", *said, mine)
    assert (answer.status_code, answer.json()["error"]["name"]) == (404, "FramesRefused")
    assert state(served, foreign) == before
    found = ask(served, "stranger", "search-runs", filter_string=f"run_id = '{edited.run_id}'")["items"]
    assert door not in found[0]["tags"]
    # Who may read it is told that they may do no more; and the same is taken where it is all of one's own.
    reader = send(served, "read", *DOORS[door](foreign, foreign))
    assert (reader.status_code, reader.json()["error"]["facts"]["missing"]) == (403, "")
    assert send(served, "stranger", *DOORS[door](edited, edited), mine).status_code == 200


def test_whoever_may_edit_logs(served: Served, foreign: Things) -> None:
    run_id, model_id = new_run(), f"m-{new_run()}"
    layout = Layout(run_id, ("k",))
    begin = frames_of([start(run_id, foreign.experiment, foreign.run_id)])
    layout.offset = FIRST + len(begin)
    rest: list[Record | bytes] = [
        layout.definition(),
        layout.points(1, 2, (3.0,)),
        checkpoint(model_id, run_id),
        AddFiles(model_id, KEPT),
    ]
    assert send(served, "edit", begin, *rest, FinishModel(model_id, "READY", 5)).status_code == 200
    found = ask(served, "read", "search-runs", filter_string=f"parent_run_id = '{foreign.run_id}'")["items"]
    assert [(each["run_id"], each["metrics"]) for each in found] == [(run_id, {"k": 3.0})]
    assert ask(served, "read", "files", owner=model_id)[0]["path"] == "w"


def test_what_is_made_by_a_journal_is_its_senders(served: Served, own: Things) -> None:
    run_id, name, registered = new_run(), "made by a journal", "made by a journal too"
    sent = send(served, "stranger", start(run_id, name), promote(registered, own.model_id))
    assert sent.status_code == 200
    me = served.ask("stranger", "GET", "/api/tracker/1/me").json()
    number = served.get("stranger", "experiments/get-by-name", experiment_name=name)["experiment"]["experiment_id"]
    assert me["experiments"][number] == me["registered_models"][registered] == Role.MANAGE
    assert send(served, "stranger", start(new_run(), name), promote(registered, own.model_id)).status_code == 200
    # A reader of every other experiment is told nothing of it.
    for who in ("read", "norole"):
        assert send(served, who, start(new_run(), name)).status_code == 404
        assert ask(served, who, "count-runs", filter_string=f"run_id = '{run_id}'") == 0


@pytest.mark.parametrize("name", ["proxied", "m-" + "0" * 32, "A" * 32, "0" * 31])
def test_a_users_runs_have_no_names_of_the_servers_own(served: Served, own: Things, name: str) -> None:
    assert send(served, "stranger", start(name, own.experiment)).status_code == 404
    assert send(served, "stranger", AddFiles(name, KEPT, own.run_id)).status_code == (200 if name[0] == "m" else 404)
    for path in ("files", "running"):
        words = {"files": {"owner": name}, "running": {"run_ids": [name]}}[path]
        assert served.ask("stranger", "POST", f"/api/tracker/1/{path}", json=words).status_code == 404


def test_a_run_that_nobody_started_is_nobodys(served: Served, own: Things) -> None:
    run_id = new_run()
    early = send(served, "stranger", SetTags(run_id, {"k": "v"}))
    assert (early.status_code, early.json()["error"]["facts"]["missing"]) == (404, "run")
    assert send(served, "stranger", start(run_id, own.experiment)).status_code == 200
    assert send(served, "stranger", SetTags(run_id, {"k": "v"})).status_code == 200


def test_what_is_before_is_taken_when_it_is_sent_alone(served: Served, foreign: Things, own: Things) -> None:
    good = SetTags(own.run_id, {"before": "v"})
    bad: list[Record | bytes] = [SetTags(foreign.run_id, {"k": "v"}), *points(foreign.run_id)[:1]]
    path, how = journal_of(good, *bad, good)
    error = served.ask("stranger", "POST", path, **how).json()["error"]["facts"]
    begin, end, whole = len(frames_of([good])), len(frames_of([good, *bad])), how["content"]
    assert (error["offset"], error["end"]) == (FIRST + begin, FIRST + end)
    alone = served.ask("stranger", "POST", path, **{**how, "content": whole[:begin]})
    assert alone.json() == [1, FIRST + begin]
    behind = {**how["params"], "after": FIRST + begin, "offset": FIRST + end}
    rest = served.ask("stranger", "POST", path, **{**how, "params": behind, "content": whole[end:]})
    assert rest.json() == [1, FIRST + len(whole)]


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=12))
def test_each_thing_is_where_it_is_spoken_of_first(names: list[str]) -> None:
    records: list[Record] = [SetTags(name * 32, {"k": "v"}) for name in names]
    begins = [FIRST + len(frames_of(records[:count])) for count in range(len(records) + 1)]
    found = spoken_of(Received(Sent("a" * 32, 1, 0, FIRST, frames_of(records))))
    assert [thing.name[0] for thing in found] == list(dict.fromkeys(names))
    for thing in found:
        first = names.index(thing.name[0])
        last = next((at for at in range(first, len(names)) if names[at] != thing.name[0]), len(names))
        assert (thing.kind, thing.frames) == (Kind.RUN, (begins[first], begins[last]))


def test_all_that_is_said_of_a_run_is_of_the_experiment_that_it_is_started_in() -> None:
    first, second = "a" * 32, "b" * 32
    records: list[Record | bytes] = [start(first, "x"), *points(first)[:1], EndRun(first, "FINISHED", 1)]
    records += [start(second, "y", first)]
    sent = Sent("a" * 32, 1, 0, FIRST, frames_of(records))
    frames = {(thing.kind, thing.name): (thing.frames, thing.may_be_new) for thing in spoken_of(Received(sent))}
    middle, end = FIRST + len(frames_of(records[:3])), FIRST + len(frames_of(records))
    assert frames == {
        (Kind.EXPERIMENT_NAME, "x"): ((FIRST, end), True),
        (Kind.RUN, first): ((FIRST, end), True),
        (Kind.EXPERIMENT_NAME, "y"): ((middle, end), True),
        (Kind.RUN, second): ((middle, end), True),
    }
