"""Who is let through to what: each route of the real router, by both names, for each kind of user."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tracker.server import all_routes
from tracker.server.auth import Role, UsersDoorkeeper
from tracker.server.concerns import what_may_be_read
from tracker.server.replies import Reply
from tracker.server.routes import Permission, Route
from tracker.store.rest.address import PREFIX

from .asking import REQUESTS
from .conftest import CANARY, NO_THINGS, PROXY, ROLES, Served, Things, grant_roles, make_users, serving, without_names

ROUTES = all_routes()
ABOUT = {(route.method, route.path): route for route in ROUTES if route.concerns is not None}
NEEDED = {
    Permission.READ: {"read", "edit", "manage", "admin"},
    Permission.EDIT: {"edit", "manage", "admin"},
    Permission.MANAGE: {"manage", "admin"},
    Permission.ADMIN: {"admin"},
}
EVERYBODY = {*ROLES, "admin"}
NATIVE_FILE = f"{PREFIX}/files/{{owner}}/{{path:path}}"
WORDS: dict[str, Any] = {
    f"{PREFIX}/positions": {"journal_ids": []},
    f"{PREFIX}/create-registered": {"edit_id": "0" * 32, "edit": {"name": "x", "timestamp": 1}},
}
# Files are sent before the journal that tells whose they are, of which there is nothing then; and what is asked to go
# may have gone by the same request, whose answer was lost.
NOT_THERE = {("PUT", NATIVE_FILE), *(("POST", f"{PREFIX}/{kind}-registered") for kind in ("rename", "delete"))}
REACHED = Reply(body=b"reached")


async def reached(*_: object, **__: object) -> Reply:
    """Stand where a handler does, and tell that it was reached."""
    return REACHED


def listening(routes: list[Route]) -> list[Route]:
    return [dataclasses.replace(route, handler=reached) for route in routes]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str], Things]:
    """Make a store with users and things."""
    folder = tmp_path_factory.mktemp("matrix") / "store"
    tokens = make_users(folder)
    with UsersDoorkeeper(folder) as doorkeeper, serving(folder, doorkeeper, tokens) as served:
        things = served.things("owner", CANARY)
    grant_roles(folder, things)
    return folder, tokens, things


@pytest.fixture(scope="module")
def matrix(place: tuple[Path, dict[str, str], Things]) -> Iterator[tuple[Served, Things]]:
    """Serve the real routes, whose handlers only tell that they were reached, and one that says nothing of itself."""
    folder, tokens, things = place
    undeclared = [
        Route("POST", f"/undeclared/{permission}", reached, ROUTES[0].shape, permission) for permission in NEEDED
    ]

    with (
        UsersDoorkeeper(folder) as doorkeeper,
        serving(folder, doorkeeper, tokens, [*listening(ROUTES), *undeclared]) as served,
    ):
        yield served, things


def names(path: str) -> list[str]:
    return [path, path.replace("/api/", "/ajax-api/", 1)] if path.startswith("/api/") else [path]


# S17.
def test_the_table_is_of_all_routes_that_are_about_things() -> None:
    assert set(REQUESTS) == set(ABOUT)
    silent = {route.path for route in ROUTES if route.concerns is None}
    open_ = {Permission.ANYONE, Permission.SIGNED_IN, Permission.CREATE, Permission.ADMIN}
    assert {route.path for route in ROUTES if route.permission in open_} <= silent
    # Of these admins alone are let through, since they do not say what they are about.
    assert {route.path for route in ROUTES if route.permission not in open_} & silent == set()


# S17.
@pytest.mark.parametrize("route", ABOUT.values(), ids=lambda route: f"{route.method} {route.path}")
def test_a_route_lets_through_whose_role_is_enough(matrix: tuple[Served, Things], route: Route) -> None:
    served, things = matrix
    path, how = REQUESTS[route.method, route.path](things)
    let = EVERYBODY if route.concerns is what_may_be_read else NEEDED[route.permission]
    for name in names(path):
        for who in EVERYBODY:
            answer = served.ask(who, route.method, name, **how)
            expected = 200 if who in let else 404 if who == "norole" else 403
            assert (answer.status_code, answer.content == REACHED.body) == (expected, who in let), (who, answer.text)
            assert who != "norole" or CANARY not in without_names(answer.text, things)
        for bad in (None, "trk_" + "x" * 43):
            answer = served.ask(bad, route.method, name, **how)
            assert answer.status_code in {401, 429}
            assert (answer.status_code == 429) != ("www-authenticate" in answer.headers)


# S17, S47.
@pytest.mark.parametrize("route", [each for each in ROUTES if each.concerns is None], ids=lambda route: route.path)
def test_a_route_about_no_things_lets_through_whom_it_says(matrix: tuple[Served, Things], route: Route) -> None:
    served, _ = matrix
    how: dict[str, Any] = {} if route.method == "GET" else {"json": WORDS.get(route.path, {"name": "x"})}
    for name in names(route.path):
        stranger = served.ask(None, route.method, name, **how)
        assert (stranger.content == REACHED.body) == (route.permission is Permission.ANYONE)
        assert route.permission is Permission.ANYONE or stranger.status_code in {401, 429}
        for who in EVERYBODY:
            let = who == "admin" or route.permission in {Permission.ANYONE, Permission.SIGNED_IN, Permission.CREATE}
            assert (served.ask(who, route.method, name, **how).content == REACHED.body) == let, who


# S17.
def test_a_route_that_does_not_say_what_it_is_about_is_admins_alone(matrix: tuple[Served, Things]) -> None:
    served, _ = matrix
    for permission in NEEDED:
        for who in EVERYBODY:
            answer = served.ask(who, "POST", f"/undeclared/{permission}", json={})
            assert answer.status_code == (200 if who == "admin" else 403)


VARIANTS = (
    lambda _, path: ("HEAD", path),
    lambda _, path: ("OPTIONS", path),
    lambda _, path: ("TRACE", path),
    lambda verb, path: (verb, f"{path}/"),
    lambda verb, path: (verb, f"/{path}"),
    lambda verb, path: (verb, path.replace("/mlflow", "//mlflow")),
    lambda verb, path: (verb, path.replace("/mlflow", "%2fmlflow")),
    lambda verb, path: (verb, path.replace("/mlflow", "/./mlflow")),
    lambda verb, path: (verb, path.replace("/mlflow", "/x/../mlflow")),
    lambda verb, path: (verb, path.replace("/mlflow", "/preview/mlflow")),
    lambda verb, path: (verb, path.replace("/mlflow", ";x/mlflow")),
    lambda verb, path: (verb, path.upper()),
    lambda verb, path: (verb, path.replace("mlflow", "mlﬂow")),
    lambda verb, path: (verb, f"{path}%00"),
)


# S17.
@pytest.mark.parametrize("number", range(len(VARIANTS)))
def test_no_other_way_of_writing_a_request_is_let_through(matrix: tuple[Served, Things], number: int) -> None:
    served, things = matrix
    override = {"x-http-method-override": "GET", "x-original-url": "/health", "x-forwarded-user": "admin"}
    # A few of each room, and others for the next variant: it is the router that knows all of them alike.
    for (verb, declared), route in list(ABOUT.items())[number % 4 :: 4]:
        path, how = REQUESTS[verb, declared](things)
        if route.concerns is not what_may_be_read:
            how["headers"] = {**override, **how.get("headers", {})}
            told = served.ask("norole", *VARIANTS[number](verb, path), **how)
            assert told.status_code in {400, 403, 404, 405}, (verb, declared)
            assert told.content != REACHED.body


# S17, S18.
def test_what_is_not_there_is_answered_in_the_same_words(matrix: tuple[Served, Things]) -> None:
    served, things = matrix

    def told(verb: str, declared: str, of: Things) -> tuple[int, str]:
        path, how = REQUESTS[verb, declared](of)
        answer = served.ask("norole", verb, path, **how)
        text = answer.text.replace(of.model_id, "MODEL").replace(of.run_id, "RUN").replace(of.experiment, "NAME")
        text = text.replace(of.registered, "REGISTERED")
        return answer.status_code, text.replace(f"id={of.experiment_id}", "ID")

    for (verb, declared), route in ABOUT.items():
        if route.concerns is not what_may_be_read and (verb, declared) not in NOT_THERE:
            assert told(verb, declared, things) == told(verb, declared, NO_THINGS)


def test_a_default_role_is_everybodys_everywhere(place: tuple[Path, dict[str, str], Things]) -> None:
    folder, tokens, things = place
    with UsersDoorkeeper(folder, Role.READ) as doorkeeper, serving(folder, doorkeeper, tokens) as served:
        assert served.get("norole", "runs/get", run_id=things.run_id)["run"]
        change = served.ask("norole", "POST", "/api/2.0/mlflow/runs/delete", json={"run_id": things.run_id})
        assert change.status_code == 403
        assert CANARY in str(served.post("norole", "experiments/search", max_results=9))
        assert served.ask("norole", "GET", f"{PROXY}/some/file").status_code == 404
