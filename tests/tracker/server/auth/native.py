"""A request of each native route that is about things, and journals as clients of ours send them."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from typing import Any

from tracker.entities.records import Fence, LogMetrics, Record, SetTags
from tracker.journal import encode
from tracker.store.rest.address import PREFIX

from .conftest import Served, Things

Fields = dict[str, Any]
Request = tuple[str, Fields]
BYTES = {"content-type": "application/octet-stream"}
# Where a part's first frame lies.
FIRST = 8


def frames_of(records: Iterable[Record | bytes]) -> bytes:
    """Return records, and what is in frames already, as a journal has them."""
    return b"".join(each if isinstance(each, bytes) else encode(each) for each in records)


def journal_of(*records: Record | bytes) -> Request:
    """Return what sends the first frames of a new journal."""
    asked = {"part": 1, "after": 0, "offset": FIRST}
    how = {"params": asked, "content": frames_of(records), "headers": BYTES}
    return f"{PREFIX}/journals/{secrets.token_hex(16)}", how


def send(served: Served, who: str, *records: Record | bytes) -> Any:  # noqa: ANN401  # an answer
    """Send a new journal."""
    path, how = journal_of(*records)
    return served.ask(who, "POST", path, **how)


def ask(served: Served, who: str, path: str, **words: object) -> Any:  # noqa: ANN401  # any JSON
    """Ask by words for what must be answered."""
    answer = served.ask(who, "POST", f"{PREFIX}/{path}", json=words)
    assert answer.status_code == 200, answer.text
    return answer.json()


def _words(path: str, words: Callable[[Things], Fields]) -> Callable[[Things], Request]:
    return lambda things: (f"{PREFIX}/{path}", {"json": words(things)})


def _nothing(_: Things) -> Fields:
    return {}


def _experiment(things: Things) -> Fields:
    return {"experiment_ids": [things.experiment_id]}


def _curve(**more: object) -> Callable[[Things], Fields]:
    return lambda things: {"run_id": things.run_id, "key": "c4n4ry", **more}


def _runs(things: Things) -> Fields:
    return {"run_ids": [things.run_id]}


def _name(**more: object) -> Callable[[Things], Fields]:
    return lambda things: {"name": things.registered, **more}


def _edit(**more: object) -> Callable[[Things], Fields]:
    return lambda things: {"edit_id": secrets.token_hex(16), "edit": {"name": things.registered, **more}}


_WORDS: dict[str, Callable[[Things], Fields]] = {
    "search-experiments": _nothing,
    "search-runs": _experiment,
    "search-logged-models": _experiment,
    "count-experiments": _nothing,
    "count-runs": _experiment,
    "count-logged-models": _experiment,
    "datasets": _experiment,
    "rank": lambda things: {**_experiment(things), "metric": "loss"},
    "plan-keep": lambda _: {"budget": 1},
    "registered-models": _nothing,
    "registered-model": _name(),
    "versions": _name(),
    "version": _name(wanted="1"),
    "promotions": _name(),
    "promotion": lambda _: {"promotion_id": "0" * 32},
    "deleted": lambda things: {"model_ids": [things.model_id]},
    "pins": lambda things: {"model_id": things.model_id},
    "rename-registered": _edit(new_name="taken", timestamp=1),
    "describe-registered": _edit(version=None, description="taken over", timestamp=1),
    "delete-registered": _edit(),
    "set-registered-tags": _edit(version=None, values={"k": "v"}),
    "delete-registered-tag": _edit(version=None, key="k"),
    "add-version": lambda things: _edit(source=f"models:/{things.model_id}", timestamp=1)(things),
    "delete-version": _edit(version=1, timestamp=1),
    "set-stage": _edit(version=1, stage="Staging", archive=False, timestamp=1),
    "move-alias": _edit(alias="a", version=1),
    "running": _runs,
    "history": _curve(),
    "histories": _runs,
    "buckets": _curve(most=3),
    "files": lambda things: {"owner": things.model_id},
}
_FILE = f"{PREFIX}/files/{{owner}}/{{path:path}}"
# By method and path as routes declare them.
REQUESTS: dict[tuple[str, str], Callable[[Things], Request]] = {
    **{("POST", f"{PREFIX}/{path}"): _words(path, words) for path, words in _WORDS.items()},
    ("PUT", _FILE): lambda things: (
        f"{PREFIX}/files/{things.run_id}/f",
        {"params": {"sha256": "0" * 64}, "content": b"taken over"},
    ),
    ("GET", _FILE): lambda things: (f"{PREFIX}/files/{things.model_id}/c4n4ry", {}),
    ("DELETE", f"{PREFIX}/files/{{owner}}"): lambda things: (f"{PREFIX}/files/{things.model_id}", {}),
    ("POST", f"{PREFIX}/journals/{{journal_id}}"): lambda things: journal_of(
        LogMetrics(things.run_id, 1, 1, {"k": 1.0}), SetTags(things.run_id, {"k": "v"}), Fence(things.run_id, 1)
    ),
}
