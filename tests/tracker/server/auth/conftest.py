"""A server with users, in this process; and things of theirs to ask for."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal

import tracker
from tracker.server import Manner, make_app
from tracker.server.auth import Doorkeeper, Owned, Role, Users, UsersDoorkeeper, new_token
from tracker.server.routes import Route, Router

# It is in all that is another's, and must be in no answer to who may not read that.
CANARY = "c4n4ry"
# Each has the role of that name in the canary's experiment, which is the owner's.
ROLES = ("norole", "read", "edit", "manage")
PROXY = "/api/2.0/mlflow-artifacts/artifacts"


@dataclasses.dataclass(frozen=True)
class Things:
    """What requests are about."""

    experiment_id: str
    experiment: str
    run_id: str
    model_id: str
    registered: str


NO_THINGS = Things("987654321", "nothing", "0" * 32, f"m-{'0' * 32}", "nobodys")


class Served:
    """A server in this process, asked by users' names; they sign in by tokens, which cost no time."""

    def __init__(self, portal: BlockingPortal, app: Any, folder: Path, tokens: Mapping[str, str]) -> None:  # noqa: ANN401
        self._portal = portal
        self.transport = httpx.ASGITransport(app)
        self._client = httpx.AsyncClient(transport=self.transport, base_url="http://localhost")
        self.folder = folder
        self.tokens = dict(tokens)

    def ask(
        self, who: str | None, verb: str, path: str, *, headers: Mapping[str, str] = {}, **how: object
    ) -> httpx.Response:
        """Send a request as a user, or as nobody."""
        signed = {"authorization": f"Bearer {self.tokens.get(who, who)}"} if who else {}
        headers = {**signed, **headers}
        url = f"http://localhost{path}"

        async def send() -> httpx.Response:
            return await self._client.request(verb, url, headers=headers, **how)  # type: ignore[arg-type]

        return self._portal.call(send)

    def get(self, who: str, path: str, **fields: object) -> Any:  # noqa: ANN401  # any JSON
        """Ask by GET for what must be answered."""
        return self._told(self.ask(who, "GET", f"/api/2.0/mlflow/{path}", params=fields))

    def post(self, who: str, path: str, **fields: object) -> Any:  # noqa: ANN401  # any JSON
        """Ask by POST for what must be answered."""
        return self._told(self.ask(who, "POST", f"/api/2.0/mlflow/{path}", json=fields))

    @staticmethod
    def _told(answer: httpx.Response) -> Any:  # noqa: ANN401  # any JSON
        assert answer.status_code == 200, answer.text
        return answer.json()

    def things(self, who: str, mark: str) -> Things:
        """Make an experiment with all that there may be in it, each named with a mark."""
        name = f"experiment {mark}"
        experiment_id = self.post(who, "experiments/create", name=name)["experiment_id"]
        tag = {"key": f"tag {mark}", "value": mark}
        self.post(who, "experiments/set-experiment-tag", experiment_id=experiment_id, **tag)
        run = self.post(who, "runs/create", experiment_id=experiment_id, run_name=f"run {mark}", tags=[tag])
        run_id = run["run"]["info"]["run_id"]
        point = {"key": mark, "value": 1, "timestamp": 1}
        self.post(who, "runs/log-batch", run_id=run_id, metrics=[point], params=[tag])
        dataset = {"name": f"dataset {mark}", "digest": mark, "source": mark, "source_type": "local"}
        self.post(who, "runs/log-inputs", run_id=run_id, datasets=[{"dataset": dataset}])
        model = self.post(
            who, "logged-models", experiment_id=experiment_id, name=f"net {mark}", source_run_id=run_id, tags=[tag]
        )
        model_id = model["model"]["info"]["model_id"]
        self.post(who, "runs/log-metric", run_id=run_id, model_id=model_id, **point)
        for owner in (run_id, f"models/{model_id}"):
            path = f"{PROXY}/{experiment_id}/{owner}/artifacts/{mark}"
            assert self.ask(who, "PUT", path, content=mark.encode()).status_code == 200
        registered = f"registered {mark}"
        self.post(who, "registered-models/create", name=registered, tags=[tag], description=mark)
        made_of = {"source": f"models:/{model_id}", "model_id": model_id, "run_id": run_id}
        self.post(who, "model-versions/create", name=registered, description=mark, tags=[tag], **made_of)
        self.post(who, "registered-models/alias", name=registered, alias=mark, version="1")
        return Things(experiment_id, name, run_id, model_id, registered)


@asynccontextmanager
async def up(app: Any) -> AsyncIterator[None]:  # noqa: ANN401  # an ASGI application
    """Open an application's store, and close it."""
    stop, ready = anyio.Event(), anyio.Event()
    asked = iter((anyio.lowlevel.checkpoint, stop.wait))

    async def receive() -> dict[str, str]:
        await next(asked)()
        return {"type": "lifespan"}

    async def send(message: Mapping[str, str]) -> None:
        assert "failed" not in message["type"], message
        ready.set()

    async with anyio.create_task_group() as group:
        group.start_soon(app, {"type": "lifespan"}, receive, send)
        await ready.wait()
        yield
        stop.set()


def add_users(folder: Path, *names: str, is_admin: bool = False) -> dict[str, str]:
    """Add users who have no password that fits; return their tokens."""
    users, tokens = Users(folder), {}
    for name in names:
        users.add(name, "no hash", is_admin=is_admin)
        tokens[name] = new_token()
        users.add_token(name, "test", tokens[name])
    users.close()
    return tokens


@contextmanager
def serving(
    folder: Path, doorkeeper: Doorkeeper, tokens: Mapping[str, str], routes: Sequence[Route] | None = None
) -> Iterator[Served]:
    """Serve a store in this process, with other routes than the real ones if they are given."""
    app: Any = make_app(folder, Manner(hosts=["localhost"], doorkeeper=lambda: nullcontext(doorkeeper)))
    if routes is not None:
        app._app._app._router = Router(routes)
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(up(app)):
        yield Served(portal, app, folder, tokens)


def make_users(folder: Path) -> dict[str, str]:
    """Make a store with an admin, an owner, and a user of each role."""
    with tracker.open(folder):
        pass
    return add_users(folder, "admin", is_admin=True) | add_users(folder, "owner", "stranger", *ROLES)


def grant_roles(folder: Path, things: Things) -> None:
    """Give each user the role they are called by."""
    users = Users(folder)
    for role in ROLES[1:]:
        users.grant(role, Owned.EXPERIMENT, things.experiment_id, Role(role))
        users.grant(role, Owned.REGISTERED_MODEL, things.registered, Role(role))
    users.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve a store with users, for the tests of a file."""
    folder = tmp_path_factory.mktemp("auth") / "store"
    tokens = make_users(folder)
    with UsersDoorkeeper(folder) as doorkeeper, serving(folder, doorkeeper, tokens) as made:
        yield made


@pytest.fixture(scope="module")
def foreign(served: Served) -> Things:
    """Make what is the owner's, and others have their role in."""
    things = served.things("owner", CANARY)
    grant_roles(served.folder, things)
    return things


@pytest.fixture(scope="module")
def own(served: Served) -> Things:
    """Make what is the stranger's own."""
    return served.things("stranger", "own")


def without_names(text: str, things: Things) -> str:
    """Take out of an answer the names that were asked for."""
    return text.replace(things.experiment, "").replace(things.registered, "")
