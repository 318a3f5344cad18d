"""Signing in: by password, by token, wrongly, too often; and what is kept of it."""

from __future__ import annotations

import base64
import itertools
import logging
import os
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import argon2
import pytest

import tracker
from tracker.server.auth import Users, UsersDoorkeeper, hash_password, new_token
from tracker.server.auth.file import NAME
from tracker.server.auth.throttle import CALM

from .conftest import Served, serving

ME = "/api/tracker/1/me"
PASSWORD = "correct horse battery"  # noqa: S105  # of nobody
# Hashed once for all tests, since that takes long on purpose.
OTHER = "incorrect horse battery"
KEPT, KEPT_OTHER = hash_password(PASSWORD), hash_password(OTHER)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


CLOCK = Clock()
NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a store."""
    path = tmp_path_factory.mktemp("signing-in") / "store"
    with tracker.open(path):
        pass
    return path


@pytest.fixture(scope="module")
def up(place: Path) -> Iterator[Served]:
    """Serve it; time passes as `CLOCK` says."""
    with UsersDoorkeeper(place, clock=CLOCK) as doorkeeper, serving(place, doorkeeper, {}) as made:
        yield made


@pytest.fixture
def served(up: Served) -> Served:
    """Return the server, to ask it from an address of one's own."""
    # And some time later, so that nobody is blamed for what another test did.
    CLOCK.now += CALM + 1
    up.transport.client = (f"10.0.0.{next(NUMBERS)}", 1)
    return up


@pytest.fixture
def users(place: Path) -> Iterator[Users]:
    """Open the users; the only one is ann."""
    made = Users(place)
    made.file.run("DELETE FROM users")
    made.add("ann", KEPT)
    yield made
    made.close()


@pytest.fixture
def verified(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Tell of each time that a password is verified."""
    seen: list[str] = []
    verify = argon2.PasswordHasher.verify

    def counting(self: argon2.PasswordHasher, kept: str, password: str) -> bool:
        seen.append(password)
        return verify(self, kept, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", counting)
    return seen


def basic(name: str, secret: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}


def sign_in(served: Served, name: str, secret: str) -> int:
    return served.ask(None, "GET", ME, headers=basic(name, secret)).status_code


@pytest.mark.usefixtures("users")
def test_a_password_is_verified_once_in_a_while(served: Served, verified: list[str]) -> None:
    for _ in range(5):
        assert sign_in(served, "ann", PASSWORD) == 200
    assert len(verified) == 1
    CLOCK.now += 299
    assert sign_in(served, "ann", PASSWORD) == 200
    CLOCK.now += 2
    assert sign_in(served, "ann", PASSWORD) == 200
    assert len(verified) == 2


@pytest.mark.usefixtures("users")
def test_one_who_asks_many_times_at_once_is_verified_once(served: Served, verified: list[str]) -> None:
    found = at_once(20, lambda: sign_in(served, "ann", PASSWORD))
    assert found == [200] * 20
    assert len(verified) == 1


def at_once(count: int, ask: Callable[[], int]) -> list[int]:
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(ask())) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


# S26.
@pytest.mark.usefixtures("users")
def test_a_name_is_the_same_however_it_is_written(served: Served) -> None:
    assert {sign_in(served, name, PASSWORD) for name in ("ann", "Ann", "ANN", "\uff41\uff4e\uff4e", "\u24d0nn")} == {
        200
    }


@pytest.mark.usefixtures("users")
def test_what_is_wrong_is_refused_in_the_same_words(served: Served) -> None:
    for name, secret in (("ann", OTHER), ("", PASSWORD), ("a\u200bnn", PASSWORD), ("ann", f"{PASSWORD}\n")):
        answer = served.ask(None, "GET", ME, headers=basic(name, secret))
        assert answer.status_code == 401
        assert answer.json() == {"error_code": "UNAUTHENTICATED", "message": "wrong name, password or token"}
        assert answer.headers.get_list("www-authenticate") == ['Basic realm="tracker", charset="UTF-8"', "Bearer"]


# S22.
@pytest.mark.usefixtures("users")
def test_an_unknown_user_takes_as_long_as_a_wrong_password(served: Served, verified: list[str]) -> None:
    assert sign_in(served, "ann", OTHER) == 401
    assert len(verified) == 1
    assert sign_in(served, "nobody", OTHER) == 401
    assert len(verified) == 2
    assert sign_in(served, "no name", OTHER) == 401
    assert len(verified) == 3


# S22.
@pytest.mark.usefixtures("users")
def test_guessing_is_throttled(served: Served, verified: list[str]) -> None:
    answers = [served.ask(None, "GET", ME, headers=basic("ann", f"{OTHER} {number}")) for number in range(100)]
    assert [each.status_code for each in answers] == [401] * 5 + [429] * 95
    assert {each.headers["retry-after"] for each in answers[5:]} == {"1"}
    assert len(verified) == 5
    # The right one too, or a guess would be told from it.
    assert sign_in(served, "ann", PASSWORD) == 429
    CLOCK.now += 1.1
    assert sign_in(served, "ann", PASSWORD) == 200


# S22.
@pytest.mark.usefixtures("users")
def test_guessing_at_once_is_throttled_too(served: Served, verified: list[str]) -> None:
    found = at_once(40, lambda: sign_in(served, "ann", OTHER))
    assert sorted(found) == [401] * 5 + [429] * 35
    assert len(verified) == 5


def test_a_changed_password_and_a_removed_user_are_forgotten_at_once(served: Served, users: Users) -> None:
    users.add("bob", KEPT)
    for name in ("ann", "bob"):
        assert sign_in(served, name, PASSWORD) == 200
    users.set_password("ann", KEPT_OTHER)
    users.remove("bob")
    assert sign_in(served, "ann", PASSWORD) == 401
    assert sign_in(served, "ann", OTHER) == 200
    assert sign_in(served, "bob", PASSWORD) == 401


def test_tokens(served: Served, users: Users) -> None:
    users.add("bob", KEPT)
    tokens = {name: new_token() for name in ("good", "expired", "later")}
    for name, expires in (("good", None), ("expired", 1), ("later", 2**50)):
        users.add_token("ann", name, tokens[name], expires)
    for token in (tokens["good"], tokens["later"]):
        assert served.ask(token, "GET", ME).json()["name"] == "ann"
        assert [sign_in(served, name, token) for name in ("ann", "", "bob")] == [200, 200, 401]
    assert served.ask(tokens["expired"], "GET", ME).status_code == 401
    used = {each.name: each.last_used for each in users.tokens("ann")}
    assert used["good"]
    assert used["expired"] is None
    users.remove_token("ann", "good")
    assert served.ask(tokens["good"], "GET", ME).status_code == 401
    users.remove("ann")
    assert served.ask(tokens["later"], "GET", ME).status_code == 401


def test_a_token_is_good_where_others_guess(served: Served, users: Users) -> None:
    token = new_token()
    users.add_token("ann", "t", token)
    found = [served.ask("trk_" + "x" * 43, "GET", ME).status_code for _ in range(25)]
    assert found == [401] * 20 + [429] * 5
    assert served.ask(token, "GET", ME).status_code == 200


# S23.
def test_nothing_secret_is_kept_or_logged(
    served: Served, users: Users, place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    token = new_token()
    users.add_token("ann", "t", token)
    users.add("chief", KEPT, is_admin=True)
    chief = new_token()
    users.add_token("chief", "t", chief)
    answers = [
        served.ask(None, "GET", ME, headers=basic("ann", PASSWORD)),
        served.ask(None, "GET", ME, headers=basic("ann", OTHER)),
        served.ask(token, "GET", ME),
        served.ask(token, "POST", ME, json={}),
        served.ask(chief, "GET", "/metrics"),
        served.ask(token, "POST", "/api/2.0/mlflow/runs/search", json={"experiment_ids": ["0"], "filter": "x"}),
    ]
    told = caplog.text + "".join(answer.text + str(answer.headers) for answer in answers)
    kept = b"".join(path.read_bytes() for path in place.rglob("*") if path.is_file())
    assert "tracker_requests_total" in told
    for secret in (PASSWORD, OTHER, token, token.removeprefix("trk_"), chief):
        assert secret not in told
        assert secret.encode() not in kept


# S09, S23.
def test_the_file_is_its_owners_whatever_the_umask(store: Path) -> None:
    with tracker.open(store):
        pass
    before = os.umask(0)
    try:
        users = Users(store)
        users.file.run("BEGIN IMMEDIATE")
        users.file.run("CREATE TABLE x (y)")
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in store.glob(f"{NAME}*")}
        users.file.run("ROLLBACK")
        users.close()
    finally:
        os.umask(before)
    assert modes == {NAME: 0o600, f"{NAME}-journal": 0o600}


@pytest.mark.usefixtures("users")
def test_nobody_signs_in_while_users_cannot_be_read(served: Served, place: Path) -> None:
    assert sign_in(served, "ann", PASSWORD) == 200
    away = place / "away"
    (place / NAME).rename(away)
    answer = served.ask(None, "GET", ME, headers=basic("ann", PASSWORD))
    assert (answer.status_code, str(place) in answer.text) == (503, False)
    assert served.ask(None, "GET", "/health").text == "OK"
    (place / NAME).write_bytes(b"no database at all")
    for _ in range(2):
        assert sign_in(served, "ann", PASSWORD) == 503
    (place / NAME).unlink()
    # Another file in its place is another's word.
    other = Users(place)
    other.add("bob", KEPT)
    other.close()
    assert [sign_in(served, name, PASSWORD) for name in ("ann", "bob")] == [401, 200]
    away.rename(place / NAME)
    assert [sign_in(served, name, PASSWORD) for name in ("ann", "bob")] == [200, 401]
