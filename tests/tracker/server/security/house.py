"""A house with a secret beside it: what a server must never show, change, call or run."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson

from ....in_process import Answer, Served, in_process

API = "/api/2.0/mlflow"
PROXY = "/api/2.0/mlflow-artifacts/artifacts"
CANARY = b"canary-3f9c"


@dataclass(frozen=True, slots=True)
class House:
    """A served store, `place/store`, with a run and a logged model that have a file each; `secret` is no part of it."""

    served: Served
    place: Path
    secret: Path
    run_id: str
    model_id: str

    @property
    def root(self) -> str:
        """The run's folder, by the proxy's path."""
        return f"0/{self.run_id}/artifacts"

    @property
    def files(self) -> Path:
        """Where the run's files lie."""
        return self.place / "store" / "artifacts" / "runs" / self.run_id

    async def say(self, verb: str, path: str, **fields: object) -> Answer:
        """Send JSON, by MLflow's path."""
        return await self.served.ask(verb, f"{API}/{path}", orjson.dumps(fields), content_type="application/json")

    async def told(self, verb: str, path: str, **fields: object) -> Any:  # noqa: ANN401  # any JSON
        """Send JSON that must be taken; return the answer's."""
        answer = await self.say(verb, path, **fields)
        assert answer.status == 200, answer
        return orjson.loads(answer.body)

    async def get(self, path: str, /, **query: str) -> Answer:
        """Ask by GET."""
        words = "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())
        return await self.served.ask("GET", f"{path}?{words}")

    def outside(self) -> str:
        """Return a hash of all that is beside the store: names, modes and bytes."""
        seen = hashlib.sha256()
        for path in sorted(self.place.rglob("*")):
            if not path.is_relative_to(self.place / "store"):
                state = path.lstat()
                seen.update(f"{path} {state.st_mode:o} {state.st_size}".encode())
                seen.update(path.read_bytes() if path.is_file() else b"")
        return seen.hexdigest()


@asynccontextmanager
async def house(place: Path) -> AsyncIterator[House]:
    """Serve a store; fail if anything beside it has changed in the end."""
    secret = place / "secret.txt"
    secret.write_bytes(CANARY)
    (place / "folder").mkdir()
    (place / "folder" / "secret.txt").write_bytes(CANARY)
    async with in_process(place / "store") as served:
        empty = House(served, place, secret, "", "")
        run_id = (await empty.told("POST", "runs/create"))["run"]["info"]["run_id"]
        model = await empty.told("POST", "logged-models", experiment_id="0", name="net", source_run_id=run_id)
        made = House(served, place, secret, run_id, model["model"]["info"]["model_id"])
        for root in (made.root, f"0/models/{made.model_id}/artifacts"):
            assert (await served.ask("PUT", f"{PROXY}/{root}/a/file.txt", b"mine")).status == 200
        source = f"models:/{made.model_id}"
        await made.told("POST", "registered-models/create", name="net")
        await made.told("POST", "model-versions/create", name="net", source=source, model_id=made.model_id)
        before = made.outside()
        yield made
        assert made.outside() == before
