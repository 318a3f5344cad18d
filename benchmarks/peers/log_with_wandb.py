"""Log with W&B offline: into the file that `wandb sync` would upload, until `finish` has returned."""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator
from pathlib import Path

import wandb  # type: ignore[import-not-found, unused-ignore]
from wandb.proto.wandb_internal_pb2 import Record  # type: ignore[import-not-found, unused-ignore]

from .work import Logged, Work, report, size

# Nothing of the machine, the code or the terminal is recorded beside the metrics.
METRICS_ONLY = wandb.Settings(
    console="off",
    silent=True,
    disable_git=True,
    disable_code=True,
    x_disable_stats=True,
    x_disable_meta=True,
    x_disable_machine_info=True,
    x_save_requirements=False,
)
# The file is LevelDB's log: blocks, and in them chunks with a head of CRC-32, length and type; a record is one FULL
# chunk, or FIRST, MIDDLE… and LAST. The first block begins with a head of the file's own.
BLOCK = 32_768
HEAD = 7
FULL, FIRST, MIDDLE, LAST = 1, 2, 3, 4


def log(work: Work) -> Logged:
    """Log until the run is finished; W&B's own counter numbers the steps 0…n-1."""
    run = wandb.init(project="benchmark", mode="offline", dir=str(work.folder), settings=METRICS_ONLY)
    calls, empty = work.calls(), size(work.folder)
    started = time.perf_counter()
    for metrics in calls:
        run.log(metrics)
    run.finish()
    seconds = time.perf_counter() - started
    kept = sum(points_in(record) for path in work.folder.rglob("*.wandb") for record in records(path))
    return Logged(seconds, "file closed, not synced", wandb.__version__, empty, kept)


def points_in(record: bytes) -> int:
    """Count the metrics of a record, without those that W&B adds."""
    items = Record.FromString(record).history.item
    return sum(not (item.key or item.nested_key[0]).startswith("_") for item in items)


def records(path: Path) -> Iterator[bytes]:
    """Yield the records of a `.wandb` file."""
    content, place, parts = path.read_bytes(), HEAD, b""
    while place + HEAD <= len(content):
        left = BLOCK - place % BLOCK
        if left < HEAD:
            place += left
            continue
        _, length, kind = struct.unpack_from("<IHB", content, place)
        parts = (b"" if kind in (FULL, FIRST) else parts) + content[place + HEAD : place + HEAD + length]
        place += HEAD + length
        if kind in (FULL, LAST):
            yield parts


if __name__ == "__main__":
    report(log)
