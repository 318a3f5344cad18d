"""`tracker users` and `tracker serve --auth`, as an admin runs them."""

from __future__ import annotations

import getpass
import io
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import tracker
from tracker.cli.main import main

PASSWORD = "correct horse battery"  # noqa: S105  # of nobody
Command = Callable[..., Any]
PROGRAM = [sys.executable, "-W", "error", "-m", "tracker.cli.main"]


@pytest.fixture
def command(store: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run a command of `tracker users` and return what it printed: an object, or the line of a refusal."""

    def run(*words: str, stdin: str = f"{PASSWORD}\n") -> Any:  # noqa: ANN401  # any JSON
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        code = main(["users", *words, "--store", str(store), "--json"])
        out, err = capsys.readouterr()
        if code:
            assert (code, out, err.count("\n")) == (2, "", 1)
            return err
        assert err == ""
        return json.loads(out)

    return run


# S20.
def test_users_come_change_and_go(command: Command) -> None:
    file = ("--password-file", "-")
    assert command("add", "Ann", "--admin", *file) == {"user": "ann", "is_admin": True}
    assert "there is a user 'ann' already" in command("add", "ANN", *file)
    assert command("add", "bob", *file)["is_admin"] is False
    assert [each["user"] for each in command("list")] == ["ann", "bob"]
    for words in (("remove", "ann"), ("demote", "ann")):
        assert "'ann' is the last admin" in command(*words)
    assert command("promote", "bob")["is_admin"]
    assert command("demote", "ann")["is_admin"] is False
    assert command("password", "ann", *file, stdin="another horse battery") == {"user": "ann"}
    assert command("remove", "ann") == {"user": "ann"}
    assert "did you mean 'bob'" in command("remove", "bo")


def test_roles_are_given_and_taken(command: Command, store: Path) -> None:
    with tracker.open(store) as opened, opened.start_run("digits"):
        pass
    command("add", "ann", "--admin", "--password-file", "-")
    assert command("grant", "ann", "digits", "edit") == {
        "user": "ann",
        "owned": "experiment",
        "name": "1",
        "role": "edit",
    }
    assert command("grant", "ann", "0", "read")["name"] == "0"
    command("grant", "ann", "read", "--registered-model", "net")
    roles = [(each["owned"], each["name"], each["role"]) for each in command("list")[0]["grants"]]
    assert roles == [("experiment", "0", "read"), ("experiment", "1", "edit"), ("registered model", "net", "read")]
    command("revoke", "ann", "digits")
    command("revoke", "ann", "--registered-model", "net")
    assert [each["name"] for each in command("list")[0]["grants"]] == ["0"]
    assert "no experiment 'digit'; did you mean 'digits'?" in command("grant", "ann", "digit", "read")
    assert "no user 'bob'" in command("grant", "bob", "digits", "read")
    assert "name either an EXPERIMENT" in command("revoke", "ann")


def test_tokens_are_shown_once(command: Command, store: Path) -> None:
    command("add", "ann", "--admin", "--password-file", "-")
    made = command("token", "ann", "--name", "ci", "--days", "1.5")
    assert re.fullmatch(r"trk_[\w-]{43}", made["token"])
    assert made["token"].encode() not in (store / "users.db").read_bytes()
    (known,) = command("tokens", "ann")
    assert (known["name"], known["last_used"], known["expires"]) == ("ci", None, made["expires"])
    assert "has a token 'ci' already" in command("token", "ann", "--name", "ci")
    for days in ("0", "-1", "nan", "1e9"):
        assert "--days" in command("token", "ann", "--days", days)
    assert "up to 100 characters on one line" in command("token", "ann", "--name", "a\nb")
    assert command("untoken", "ann", "ci")["name"] == "ci"
    assert "no token of user 'ann'" in command("untoken", "ann", "ci")


# S21.
@pytest.mark.parametrize(
    ("words", "stdin", "problem"),
    [
        (("add", "ann"), "", "no terminal to ask for the password"),
        (("add", "ann", "--password-file", "/nowhere"), "", "--password-file /nowhere: No such file"),
        (("add", "ann", "--password-file", "-"), "", "at least 12 characters"),
        (("add", "ann", "--password-file", "-"), "x", "at least 12 characters"),
        (("add", "ann", "--password-file", "-"), "password1234", "among the first that are tried"),
        (("add", "annabella123", "--password-file", "-"), "annabella123", "among the first that are tried"),
        (("add", "a b", "--password-file", "-"), PASSWORD, "cannot be called 'a b'"),
        (("add", "a\u200bnn", "--password-file", "-"), PASSWORD, "cannot be called"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(command: Command, words: tuple[str, ...], stdin: str, problem: str) -> None:
    assert problem in command(*words, stdin=stdin)


def test_there_must_be_a_store_but_for_the_first_user(command: Command, store: Path) -> None:
    for words in (("list",), ("remove", "ann"), ("token", "ann"), ("grant", "ann", "x", "read")):
        assert "no store at" in command(*words)
    assert not store.exists()
    command("add", "ann", "--admin", "--password-file", "-")
    assert (store / "tracker.db").exists()


def test_a_password_is_asked_for_twice_and_never_shown(store: Path) -> None:
    terminal, end = pty.openpty()
    words = ["users", "add", "ann", "--admin", "--store", str(store)]
    with subprocess.Popen([*PROGRAM, *words], stdin=end, stdout=end, stderr=end, start_new_session=True) as program:
        os.close(end)
        shown = b""
        for prompt in (b"Password: ", b"Again: "):
            while prompt not in shown:
                shown += os.read(terminal, 1000)
            os.write(terminal, f"{PASSWORD}\n".encode())
        while b"ann may sign in" not in shown:
            shown += os.read(terminal, 1000)
        assert program.wait(20) == 0
    os.close(terminal)
    assert PASSWORD.encode() not in shown


def test_two_passwords_that_differ_are_refused(
    store: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = iter([PASSWORD, "another horse battery"])
    terminal, end = pty.openpty()
    with os.fdopen(end) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        monkeypatch.setattr(getpass, "getpass", lambda _: next(said))
        assert main(["users", "add", "ann", "--store", str(store)]) == 2
    os.close(terminal)
    assert capsys.readouterr().err == "tracker: the two passwords differ\n"


# S21, S24.
@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--auth"], "make the first admin with: tracker users add NAME --admin --store"),
        (["--auth", "--host", "0.0.0.0"], "make the first admin with: tracker users add NAME --admin --store"),  # noqa: S104
        (["--host", "0.0.0.0"], "could read and change everything; add --auth"),  # noqa: S104
        (["--default-role", "read"], "--default-role needs --auth"),
    ],
)
def test_a_server_is_refused_where_nobody_could_sign_in_or_anybody_could_do_anything(
    store: Path, capsys: pytest.CaptureFixture[str], words: list[str], problem: str
) -> None:
    assert main(["serve", "--port", "0", "--store", str(store), *words]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n"), problem in err) == ("", 1, True)


@pytest.fixture
def address(command: Command, store: Path) -> Iterator[str]:
    """Serve a store with an admin and a user."""
    command("add", "ann", "--admin", "--password-file", "-")
    command("add", "bob", "--password-file", "-")
    words = ["serve", "--auth", "--default-role", "read", "--port", "0", "--store", str(store)]
    with subprocess.Popen([*PROGRAM, *words], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        found = re.search(r"at (http://127\.0\.0\.1:\d+) ", server.stdout.readline())
        assert found is not None
        yield found[1]
        server.terminate()
        server.wait(20)


MLFLOW_PROGRAM = r"""
import os
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

def sign_in(**how):
    for name in ("USERNAME", "PASSWORD", "TOKEN"):
        os.environ.pop(f"MLFLOW_TRACKING_{name}", None)
    os.environ.update({f"MLFLOW_TRACKING_{name}": value for name, value in how.items()})

def refused(code, call, *words):
    try:
        call(*words)
    except MlflowException as problem:
        assert problem.error_code == code, problem
    else:
        raise AssertionError(call)

client = MlflowClient()
sign_in(USERNAME="bob", PASSWORD=os.environ["PASSWORD"])
experiment = client.create_experiment("bobs")
run = client.create_run(experiment).info.run_id
client.log_metric(run, "loss", 0.5, step=1)
client.log_text(run, "hello", "x.txt")
refused("PERMISSION_DENIED", client.log_metric, os.environ["FOREIGN"], "loss", 1.0)
assert client.get_run(os.environ["FOREIGN"]).info.status == "FINISHED"
sign_in(TOKEN=os.environ["BOBS_TOKEN"])
assert [each.info.run_id for each in client.search_runs([experiment])] == [run]
with open(client.download_artifacts(run, "x.txt")) as file:
    assert file.read() == "hello"
sign_in(USERNAME="bob", PASSWORD="wrong")
refused("UNAUTHENTICATED", client.get_run, run)
sign_in()
refused("UNAUTHENTICATED", client.get_run, run)
print("all is well")
"""


def test_mlflows_client_signs_in(command: Command, store: Path, address: str) -> None:
    pytest.importorskip("mlflow")
    with tracker.open(store) as opened, opened.start_run("others") as run:
        run.log({"loss": 1.0})
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith(("TRACKER_", "MLFLOW_"))},
        "MLFLOW_TRACKING_URI": address,
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
        "PASSWORD": PASSWORD,
        "FOREIGN": run.run_id,
        "BOBS_TOKEN": command("token", "bob")["token"],
    }
    words = [sys.executable, "-c", MLFLOW_PROGRAM]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=100, check=False)
    assert (done.returncode, "all is well" in done.stdout) == (0, True), done.stderr


def test_a_server_sees_what_is_changed_while_it_is_up(command: Command, address: str) -> None:
    def status() -> int:
        return httpx.get(f"{address}/api/tracker/1/me", auth=("bob", PASSWORD)).status_code

    assert status() == 200
    command("remove", "bob")
    assert status() == 401
    command("add", "bob", "--password-file", "-")
    assert status() == 200
