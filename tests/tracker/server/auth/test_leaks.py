"""Nothing of another's is in any answer, and nothing of theirs is changed, whatever a user asks for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tracker.server.auth import Owned, Role, Users

from .asking import MLFLOW, POINT, REQUESTS, Request
from .conftest import CANARY, PROXY, Served, Things, add_users, without_names
from .native import ask

Make = Callable[[Things, Things], Request]
PARENT = {"key": "mlflow.parentRunId"}


def state(served: Served, things: Things) -> list[Any]:
    """Return all that an admin sees of some things."""
    path = f"logged-models/{things.model_id}"
    return [
        served.get("admin", "experiments/get", experiment_id=things.experiment_id),
        served.post("admin", "runs/search", experiment_ids=[things.experiment_id], run_view_type="ALL"),
        served.get("admin", path, allow_deleted=True),
        served.get("admin", f"{path}/artifacts/directories"),
        served.get("admin", "artifacts/list", run_id=things.run_id),
        served.get("admin", "registered-models/get", name=things.registered),
        served.get("admin", "metrics/get-history", run_id=things.run_id, metric_key="k"),
    ]


# S18, S19.
def test_a_stranger_reads_and_changes_nothing(served: Served, foreign: Things, own: Things) -> None:
    assert own.experiment_id != foreign.experiment_id
    before = state(served, foreign)
    assert CANARY in str(before)
    for (verb, declared), make in REQUESTS.items():
        path, how = make(foreign)
        answer = served.ask("stranger", verb, path, **how)
        assert answer.status_code in {200, 404}, answer.text
        assert CANARY not in without_names(answer.text, foreign), (verb, declared)
        assert CANARY not in str(answer.headers)
    assert state(served, foreign) == before


# Requests about one's own things that name another's too: the other's is last.
SIDE_DOORS: dict[str, Make] = {
    "a parent run at creation": lambda own, other: (
        f"{MLFLOW}/runs/create",
        {"json": {"experiment_id": own.experiment_id, "tags": [{**PARENT, "value": other.run_id}]}},
    ),
    "a parent run as a tag": lambda own, other: (
        f"{MLFLOW}/runs/set-tag",
        {"json": {"run_id": own.run_id, **PARENT, "value": other.run_id}},
    ),
    "a parent run in a batch": lambda own, other: (
        f"{MLFLOW}/runs/log-batch",
        {"json": {"run_id": own.run_id, "tags": [{**PARENT, "value": other.run_id}]}},
    ),
    "a point of a model": lambda own, other: (
        f"{MLFLOW}/runs/log-metric",
        {"json": {"run_id": own.run_id, "model_id": other.model_id, **POINT}},
    ),
    "a point of a model in camelCase": lambda own, other: (
        f"{MLFLOW}/runs/log-metric",
        {"json": {"runId": own.run_id, "modelId": other.model_id, **POINT}},
    ),
    "a point of a model in a batch": lambda own, other: (
        f"{MLFLOW}/runs/log-batch",
        {"json": {"run_id": own.run_id, "metrics": [POINT, {**POINT, "model_id": other.model_id}]}},
    ),
    "a model that is used": lambda own, other: (
        f"{MLFLOW}/runs/log-inputs",
        {"json": {"run_id": own.run_id, "models": [{"model_id": other.model_id}]}},
    ),
    "a model that was made": lambda own, other: (
        f"{MLFLOW}/runs/outputs",
        {"json": {"run_id": own.run_id, "models": [{"model_id": other.model_id}]}},
    ),
    "a model's run": lambda own, other: (
        f"{MLFLOW}/logged-models",
        {"json": {"experiment_id": own.experiment_id, "source_run_id": other.run_id}},
    ),
    "a run by its older name": lambda own, other: (
        f"{MLFLOW}/runs/set-tag",
        {"json": {"run_id": "", "run_uuid": other.run_id, "key": "k", "value": own.run_id}},
    ),
    "a file of a run by its older name": lambda own, other: (
        f"{MLFLOW}/upload-artifact",
        {"params": {"run_id": own.run_id, "run_uuid": other.run_id, "path": "f"}, "content": b"x"},
    ),
    "a version's run": lambda own, other: (
        f"{MLFLOW}/model-versions/create",
        {"json": {"name": own.registered, "source": f"runs:/{other.run_id}/x", "run_id": other.run_id}},
    ),
    "a version's model": lambda own, other: (
        f"{MLFLOW}/model-versions/create",
        {"json": {"name": own.registered, "source": f"models:/{other.model_id}", "model_id": other.model_id}},
    ),
    "a version's model, named by its source alone": lambda own, other: (
        f"{MLFLOW}/model-versions/create",
        {"json": {"name": own.registered, "source": f"models:/{other.model_id}", "model_id": own.model_id}},
    ),
    "another version": lambda own, other: (
        f"{MLFLOW}/model-versions/create",
        {"json": {"name": own.registered, "source": f"models:/{other.registered}/1"}},
    ),
    "a run that is named twice": lambda own, other: (
        f"{MLFLOW}/upload-artifact?run_uuid={own.run_id}&run_uuid={other.run_id}&path=f",
        {"content": b"x"},
    ),
}


# S19.
@pytest.mark.parametrize("door", SIDE_DOORS)
def test_side_doors_are_shut(served: Served, foreign: Things, own: Things, door: str) -> None:
    before = state(served, foreign)
    path, how = SIDE_DOORS[door](own, foreign)
    assert served.ask("stranger", "POST", path, **how).status_code == 404
    assert state(served, foreign) == before
    # The same is let through where it is all of one's own.
    path, how = SIDE_DOORS[door](own, own)
    assert served.ask("stranger", "POST", path, **how).status_code == 200


# S19.
def test_who_may_only_read_does_not_write_by_a_side_door(served: Served, foreign: Things) -> None:
    mine = served.things("read", "mine")
    for door, make in SIDE_DOORS.items():
        path, how = make(mine, foreign)
        expected = 200 if door in {"a model that is used", "another version"} else 403
        assert served.ask("read", "POST", path, **how).status_code == expected, door


# S19.
@pytest.mark.parametrize(
    "path",
    [
        "0/{run}/artifacts/c4n4ry",
        "{own}/{run}/artifacts/c4n4ry",
        "{own}/{own_run}/artifacts/{run}/artifacts/c4n4ry",
        "{run}/artifacts/c4n4ry",
        "{own}/models/{model}/artifacts/c4n4ry",
        "{own}/{own_run}/artifacts/models/{model}/artifacts/c4n4ry",
        "{experiment}/./{run}/artifacts/c4n4ry",
    ],
)
@pytest.mark.parametrize("verb", ["GET", "PUT", "DELETE"])
def test_a_file_is_its_owners_wherever_its_path_says_it_lies(
    served: Served, foreign: Things, own: Things, verb: str, path: str
) -> None:
    words = {"run": foreign.run_id, "model": foreign.model_id, "experiment": foreign.experiment_id}
    said = path.format(own=own.experiment_id, own_run=own.run_id, **words)
    answer = served.ask("stranger", verb, f"{PROXY}/{said}", content=b"x" if verb == "PUT" else None)
    assert answer.status_code == 404
    assert served.ask("owner", "GET", f"{PROXY}/1/{foreign.run_id}/artifacts/{CANARY}").text == CANARY


# S18.
def test_searches_find_ones_own(served: Served, foreign: Things) -> None:
    # Somebody who is new while the server is up.
    served.tokens |= add_users(served.folder, "newcomer")
    own = served.things("newcomer", "theirs")
    ids = [foreign.experiment_id, own.experiment_id, f"0{foreign.experiment_id}", "987654321"]
    searches: dict[str, dict[str, Any]] = {
        "experiments/search": {"max_results": 1, "view_type": "ALL"},
        "runs/search": {"experiment_ids": ids, "max_results": 1, "run_view_type": "ALL"},
        "logged-models/search": {"experiment_ids": ids, "max_results": 1},
        "experiments/search-datasets": {"experiment_ids": ids},
        "registered-models/search": {"max_results": 1},
        "model-versions/search": {"max_results": 1},
    }
    for path, asked in searches.items():
        search = served.get if "mode" in path and "logged" not in path else served.post
        found = search("newcomer", path, **asked)
        assert CANARY not in str(found)
        assert "theirs" in str(found)
        # There is one result, so no page follows it, whatever else there is.
        assert "next_page_token" not in found
        both = search("admin", path, **asked)
        assert "next_page_token" in both or "datasets" in path
        if "next_page_token" in both:
            beyond = search("newcomer", path, **asked, page_token=both["next_page_token"])
            assert CANARY not in str(beyond)
    for condition in (f"name LIKE '%{CANARY}%'", "name != 'x'", f"tags.`tag {CANARY}` = '{CANARY}'"):
        assert CANARY not in str(served.post("newcomer", "experiments/search", max_results=99, filter=condition))


def ready(served: Served, who: str, things: Things) -> None:
    """Finish a logged model, so that it ranks."""
    path = f"{MLFLOW}/logged-models/{things.model_id}"
    assert served.ask(who, "PATCH", path, json={"status": "LOGGED_MODEL_READY"}).status_code == 200


# S18.
def test_native_searches_counts_and_rankings_find_ones_own(served: Served, foreign: Things) -> None:
    served.tokens |= add_users(served.folder, "ranker")
    own = served.things("ranker", "ranked")
    for who, things in (("owner", foreign), ("ranker", own)):
        ready(served, who, things)
        served.post(who, "runs/log-metric", run_id=things.run_id, model_id=things.model_id, **POINT)
    ids = [foreign.experiment_id, own.experiment_id, f"0{foreign.experiment_id}", "987654321"]
    for scope in ({}, {"experiment_ids": ids}):
        for path in ("search-runs", "search-logged-models", "datasets", "rank"):
            asked = {**scope, "metric": "k"} if path == "rank" else scope
            found = ask(served, "ranker", path, **asked)
            assert (CANARY in str(found), "ranked" in str(found)) == (False, True), path
            assert foreign.model_id not in str(found)
        for path in ("count-runs", "count-logged-models"):
            assert (ask(served, "ranker", path, **scope), ask(served, "admin", path, **scope) > 1) == (1, True)
        assert len(ask(served, "ranker", "rank", metric="k", value="best", **scope)["items"]) == 1
    assert ask(served, "ranker", "count-experiments") == 1
    assert [each["name"] for each in ask(served, "ranker", "search-experiments")["items"]] == [own.experiment]
    first = ask(served, "admin", "search-runs", max_results=1)
    beyond = ask(served, "ranker", "search-runs", max_results=1, page_token=first["next_page_token"])
    assert CANARY not in str(beyond)
    assert ask(served, "ranker", "search-runs", max_results=1)["next_page_token"] is None


# S18.
def test_of_anothers_registered_models_nothing_is_told(served: Served, foreign: Things, own: Things) -> None:
    ready(served, "stranger", own)
    made_of = {"name": foreign.registered, "source": f"models:/{own.model_id}", "model_id": own.model_id}
    version = served.post("admin", "model-versions/create", **made_of)["model_version"]["version"]
    served.post("admin", "registered-models/alias", name=foreign.registered, alias="moved", version=version)
    told = [
        ask(served, "stranger", "pins", model_id=own.model_id),
        ask(served, "stranger", "plan-keep", budget=1, experiment_names=[own.experiment]),
        ask(served, "stranger", "deleted", model_ids=[foreign.model_id]),
        ask(served, "stranger", "registered-models"),
        ask(served, "stranger", "registered-model", name=foreign.registered),
        ask(served, "stranger", "versions", name=foreign.registered),
        ask(served, "stranger", "version", name=foreign.registered, wanted="@moved"),
        ask(served, "stranger", "promotions", name=foreign.registered),
    ]
    assert CANARY not in str(told)
    # That it is meant by one is told, for that is why it stays.
    assert len(told[0]) == 2
    assert told[1][0]["is_kept"]
    assert [own.registered] == [each["name"] for each in told[3]]


# S18.
def test_a_page_goes_on_when_roles_change(served: Served) -> None:
    for number in range(3):
        served.post("manage", "experiments/create", name=f"page {number}")
    first = served.post("manage", "experiments/search", max_results=1, order_by=["name DESC"])
    served.post("manage", "experiments/create", name="page 00")
    asked = {"max_results": 9, "order_by": ["name DESC"], "page_token": first["next_page_token"]}
    rest = served.post("manage", "experiments/search", **asked)["experiments"]
    assert [each["name"] for each in rest if "page" in each["name"]] == ["page 1", "page 00", "page 0"]


# S18.
def test_a_name_that_is_taken_says_no_more(served: Served, foreign: Things) -> None:
    served.post("owner", "experiments/create", name="gone")
    gone = served.get("owner", "experiments/get-by-name", experiment_name="gone")["experiment"]["experiment_id"]
    served.post("owner", "experiments/delete", experiment_id=gone)
    told = [
        served.ask("stranger", "POST", f"{MLFLOW}/experiments/create", json={"name": name}).json()
        for name in ("gone", foreign.experiment)
    ]
    assert {each["error_code"] for each in told} == {"RESOURCE_ALREADY_EXISTS"}
    assert told[0]["message"] == "Experiment(name=gone) already exists."
    assert "deleted" in served.ask("owner", "POST", f"{MLFLOW}/experiments/create", json={"name": "gone"}).text


def test_a_granted_role_holds_at_the_next_request_and_a_revoked_one_no_more(served: Served, foreign: Things) -> None:
    def reads() -> bool:
        answer = served.ask("norole", "GET", f"{MLFLOW}/runs/get", params={"run_id": foreign.run_id})
        return answer.status_code == 200

    users = Users(served.folder)
    for role in (Role.READ, Role.NONE, Role.MANAGE, Role.NONE):
        users.grant("norole", Owned.EXPERIMENT, foreign.experiment_id, role)
        assert reads() == (role is not Role.NONE)
    users.close()


# S20.
def test_one_sees_ones_own_roles_and_nobody_raises_them_over_http(served: Served, foreign: Things) -> None:
    me = served.ask("read", "GET", "/api/tracker/1/me").json()
    assert (me["name"], me["is_admin"], me["experiments"][foreign.experiment_id]) == ("read", False, "read")
    assert served.ask("admin", "GET", "/api/tracker/1/me").json()["is_admin"]
    for verb in ("POST", "PUT", "PATCH", "DELETE"):
        for path in ("/api/tracker/1/me", f"{MLFLOW}/users/create", "/signup", f"{MLFLOW}/users/update-admin"):
            told = served.ask("read", verb, path, json={"username": "read", "is_admin": True})
            assert told.status_code in {404, 405}
    assert not served.ask("read", "GET", "/api/tracker/1/me").json()["is_admin"]
