"""Who may read and change registered models: who made one, who was given a role, who may read all that it is of."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import tracker
from tracker.server.auth import Owned, Role, Users, UsersDoorkeeper
from tracker.store.rest.address import PREFIX

from .conftest import Served, add_users, serving

MLFLOW = "/api/2.0/mlflow/registered-models"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str], list[str]]:
    """Make a model that has a version of each of two experiments, and one that has versions of the first alone."""
    folder = tmp_path_factory.mktemp("registered") / "store"
    ids: list[str] = []
    with tracker.open(folder) as opened:
        for name in ("first", "second"):
            with opened.start_run(name) as run:
                model = run.log_model("net", lambda place: (place / "w").write_bytes(b"w"), step=1)
                model.log({"acc": float(len(ids))})
            ids.append(opened.get_run(run.run_id).experiment_id)
            opened.promote_if_better(model, "mixed", metric="acc")
            if name == "first":
                opened.promote_if_better(model, "plain", metric="acc")
    tokens = add_users(folder, "admin", is_admin=True) | add_users(folder, "ann", "bob", "both", "maker")
    users = Users(folder)
    users.grant("ann", Owned.EXPERIMENT, ids[0], Role.MANAGE)
    for each in ids:
        users.grant("both", Owned.EXPERIMENT, each, Role.READ)
    users.close()
    return folder, tokens, ids


@pytest.fixture(scope="module")
def served(place: tuple[Path, dict[str, str], list[str]]) -> Iterator[Served]:
    folder, tokens, _ = place
    with UsersDoorkeeper(folder) as doorkeeper, serving(folder, doorkeeper, tokens) as made:
        yield made


def role(served: Served, who: str, name: str) -> Role:
    """Return what somebody may do with a registered model, by trying."""
    reading = served.ask(who, "GET", f"{MLFLOW}/get", params={"name": name}).status_code
    tag = {"name": name, "key": "k", "value": "v"}
    editing = served.ask(who, "POST", f"{MLFLOW}/set-tag", json=tag).status_code
    # Nothing can be called that, so nothing is renamed.
    managing = served.ask(who, "POST", f"{MLFLOW}/rename", json={"name": name, "new_name": "/"}).status_code
    told = {
        (404, 404, 404): Role.NONE,
        (200, 403, 403): Role.READ,
        (200, 200, 403): Role.EDIT,
        (200, 200, 400): Role.MANAGE,
    }
    return told[reading, editing, managing]


def found(served: Served, who: str) -> list[list[str]]:
    """Return the names of the registered models, and of the models that versions are of, which somebody finds."""
    kinds = {"registered-models": "registered_models", "model-versions": "model_versions"}
    told = [served.get(who, f"{kind}/search", max_results=99).get(name, []) for kind, name in kinds.items()]
    return [sorted({each["name"] for each in page}) for page in told]


def test_who_may_read_all_that_a_model_is_of_may_read_it(served: Served) -> None:
    assert role(served, "admin", "mixed") is Role.MANAGE
    assert [role(served, "both", name) for name in ("mixed", "plain")] == [Role.READ, Role.READ]
    assert [role(served, "ann", name) for name in ("mixed", "plain")] == [Role.NONE, Role.READ]
    assert [role(served, "bob", name) for name in ("mixed", "plain")] == [Role.NONE, Role.NONE]
    assert found(served, "both") == [["mixed", "plain"]] * 2
    assert found(served, "ann") == [["plain"]] * 2
    assert found(served, "bob") == [[], []]
    absent, foreign = (
        served.ask("bob", "GET", f"{MLFLOW}/get", params={"name": name}).text for name in ("xy", "mixed")
    )
    assert foreign == absent.replace("xy", "mixed")


def test_a_role_is_for_the_name_and_not_for_the_files(served: Served) -> None:
    users = Users(served.folder)
    for given in (Role.READ, Role.EDIT, Role.MANAGE, Role.NONE):
        users.grant("bob", Owned.REGISTERED_MODEL, "mixed", given)
        assert role(served, "bob", "mixed") is given
        assert found(served, "bob") == [["mixed"] if given is not Role.NONE else []] * 2
        asked = {"name": "mixed", "version": "1", "path": "w"}
        answers = [served.ask(who, "GET", "/model-versions/get-artifact", params=asked) for who in ("bob", "both")]
        assert [each.status_code for each in answers] == [404, 200]
    users.close()


def test_who_makes_one_manages_it_by_whatever_name_until_it_is_gone(served: Served) -> None:
    users = Users(served.folder)
    users.grant("bob", Owned.REGISTERED_MODEL, "new", Role.MANAGE)
    served.post("maker", "registered-models/create", name="new")
    assert [role(served, who, "new") for who in ("maker", "bob")] == [Role.MANAGE, Role.NONE]
    served.post("maker", "registered-models/rename", name="new", new_name="newer")
    assert [role(served, "maker", name) for name in ("new", "newer")] == [Role.NONE, Role.MANAGE]
    assert served.ask("maker", "DELETE", f"{MLFLOW}/delete", json={"name": "newer"}).status_code == 200
    served.post("bob", "registered-models/create", name="newer")
    assert [role(served, who, "newer") for who in ("maker", "bob")] == [Role.NONE, Role.MANAGE]
    users.close()


# S18.
def test_a_name_that_is_taken_says_no_more(served: Served) -> None:
    tag = {"key": "mlflow.prompt.is_prompt", "value": "true"}
    said = {"name": "mixed", "tags": [tag]}
    told = [served.ask(who, "POST", f"{MLFLOW}/create", json=said).json() for who in ("bob", "both")]
    assert {each["error_code"] for each in told} == {"RESOURCE_ALREADY_EXISTS"}
    assert ["taken by a registered model" in each["message"] for each in told] == [False, True]


def edit(served: Served, who: str, kind: str, number: int = 0, **facts: object) -> httpx.Response:
    """Edit by a native route; an edit of a number is the same one each time."""
    edit_id = f"{number:032x}" if number else secrets.token_hex(16)
    return served.ask(who, "POST", f"{PREFIX}/{kind}", json={"edit_id": edit_id, "edit": facts})


def test_who_has_no_answer_asks_again_whatever_has_become_of_roles(served: Served) -> None:
    users = Users(served.folder)
    made = {"name": "made", "timestamp": 1}
    for _ in range(2):
        assert edit(served, "maker", "create-registered", 1, **made).status_code == 200
        users.grant("bob", Owned.REGISTERED_MODEL, "made", Role.EDIT)
    for _ in range(2):
        assert edit(served, "maker", "rename-registered", 2, **made, new_name="remade").status_code == 200
    assert [role(served, who, "remade") for who in ("maker", "bob")] == [Role.MANAGE, Role.EDIT]
    for _ in range(2):
        assert edit(served, "maker", "delete-registered", 3, name="remade").status_code == 200
    assert edit(served, "maker", "delete-registered", name="remade").status_code == 404
    users.close()


@pytest.mark.parametrize(("kind", "more"), [("rename", {"new_name": "x", "timestamp": 1}), ("delete", {})])
def test_what_cannot_go_is_not_told_from_what_is_not_there(served: Served, kind: str, more: dict[str, Any]) -> None:
    told = [edit(served, "bob", f"{kind}-registered", name=name, **more) for name in ("xy", "mixed")]
    assert [each.status_code for each in told] == [404, 404]
    assert told[0].text.replace("xy", "mixed") == told[1].text


def test_a_version_is_made_only_of_what_one_may_change(served: Served, place: tuple[Path, object, list[str]]) -> None:
    with tracker.open(place[0]) as opened:
        first, second = (opened.get_logged_model(f"models:/mixed/{number}").model_id for number in (1, 2))
    assert edit(served, "ann", "create-registered", name="of ann", timestamp=1).status_code == 200

    def made_of(source: str, model_id: str, who: str = "ann") -> int:
        facts: dict[str, Any] = {"source": source, "model_id": model_id, "name": "of ann", "timestamp": 1}
        return edit(served, who, "add-version", **facts).status_code

    assert made_of(f"models:/{first}", first) == 200
    assert made_of(f"models:/{second}", second) == 404
    assert made_of(f"models:/{second}", "") == 404
    assert made_of(f"models:/{second}", first) == 404
    assert made_of("models:/mixed/2", "") == 404
    assert made_of("s3://x", "", "bob") == 404
