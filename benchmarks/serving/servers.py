"""The servers that are asked, one at a time: ours, MLflow's, FastTrackML's, and an app that does nothing.

Each listens on loopback, keeps what it keeps in a folder that it is given, and is as its maker ships it, but for two
things: MLflow's does not start its seven processes for jobs, which nobody here asks for, and FastTrackML's log tells of
warnings only. How durable an answer is differs: ours is given when the disk has what was logged, MLflow's when SQLite
has committed with FULL, FastTrackML's with NORMAL, in a WAL, which power loss may cut short.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from ..environments import QUIET, Environments
from ..programs import Facts, Failed, command, last_line, parse, surroundings
from ..setting import Setting
from .rest import API, DEFAULT, HOST, connected

OURS = "ours"
MLFLOW = "MLflow's server, SQLite"
FASTTRACKML = "FastTrackML, SQLite"
CEILING = "an empty Starlette app"
WORKERS = 4
# How long a server may take to answer at first, and to end.
PATIENCE = 300
# How often is asked whether it is up.
LOOK_SECONDS = 0.002
SAID = "said.txt"
NO_JOBS = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
ANSWER = "answer.json"


@dataclass(frozen=True)
class Server:
    """How one is started: the command for the folder that has its data, and a port.

    Attributes:
        keeps: whether it keeps what it is told.
    """

    command: Callable[[Path, int], Sequence[str]]
    environment: Mapping[str, str] = field(default_factory=dict)
    keeps: bool = True


@dataclass(frozen=True)
class Running:
    """A server that is up: its port, its first process, and the seconds from its start to its first answer."""

    port: int
    pid: int
    seconds: float


Missing = str


def ours() -> Server:
    """Return ours."""
    serve = [sys.executable, "-m", "tracker.cli.main", "serve", "--host", HOST]
    return Server(lambda folder, port: [*serve, "--store", str(folder / "store"), "--port", str(port)])


def ceiling() -> Server:
    """Return the app that does nothing: it reads the JSON, and answers with the folder's `answer.json`, or `{}`."""
    return Server(lambda folder, port: command("serving.ceiling", folder=folder, port=port), keeps=False)


def mlflow(python: Path) -> Server:
    """Return MLflow's."""

    def words(folder: Path, port: int) -> list[str]:
        kept = ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", f"{folder}/files"]
        where = ["--host", HOST, "--port", str(port), "--workers", str(WORKERS)]
        return [str(python.with_name("mlflow")), "server", *where, *kept]

    return Server(words, {**QUIET, **NO_JOBS})


def fasttrackml(python: Path) -> Server:
    """Return FastTrackML's, a program in Go that its package brings along."""

    def words(folder: Path, port: int) -> list[str]:
        kept = ["--database-uri", f"sqlite://{folder}/fasttrackml.db", "--default-artifact-root", f"{folder}/files"]
        return [str(python.with_name("fml")), "server", "-a", f"{HOST}:{port}", "-l", "warn", *kept]

    return Server(words)


PEERS: dict[str, tuple[str, Callable[[Path], Server]]] = {
    MLFLOW: ("mlflow", mlflow),
    FASTTRACKML: ("fasttrackml", fasttrackml),
}


def peer(setting: Setting, name: str) -> Server | Missing:
    """Return a peer, or why it cannot be measured."""
    return "peers were left out" if setting.peers is None else installed(setting.peers, name)


def installed(environments: Environments, name: str) -> Server | Missing:
    """Return a peer, in its environment, or why there is none."""
    environment, made = PEERS[name]
    try:
        return made(environments.python(environment))
    except Failed as error:
        return str(error)


@contextmanager
def up(server: Server, folder: Path) -> Iterator[Running]:
    """Start a server, let it be used once it answers, and end it and all that it has started.

    Raises:
        Failed: it ends, or does not answer.
    """
    port = free_port()
    with kept(server.command(folder, port), folder, server.environment) as (keeper, facts):
        first_answer(keeper, port, folder)
        yield Running(port, facts["pid"], time.monotonic() - facts["started"])


@contextmanager
def kept(
    words: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> Iterator[tuple[subprocess.Popen[str], Facts]]:
    """Run a program under a keeper, which ends it when this ends, however it ends."""
    with (
        (folder / SAID).open("wb") as said,
        subprocess.Popen(
            [sys.executable, "-m", f"{__package__}.keeper", *words],
            env=surroundings({"HOME": str(folder), **environment}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        ) as keeper,
    ):
        line = keeper.stdout.readline() if keeper.stdout else ""
        yield keeper, parse("the keeper", line)
        # Only now is the pipe closed, and the keeper ends what it keeps.


def free_port() -> int:
    """Return a port that is free."""
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        port: int = taken.getsockname()[1]
        return port


def first_answer(keeper: subprocess.Popen[str], port: int, folder: Path) -> None:
    """Wait until a server answers a search in its store.

    Raises:
        Failed: it ends before, or takes too long.
    """
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if keeper.poll() is not None:
            raise Failed(f"the server ended: {last_line((folder / SAID).read_text('utf-8', 'replace'))}")
        with suppress(Failed), connected(port) as rest:
            rest.post(f"{API}/runs/search", {"experiment_ids": [DEFAULT]})
            return
        time.sleep(LOOK_SECONDS)
    raise Failed(f"the server did not answer in {PATIENCE} s")
