"""A large file, up and down, beside nginx, or, where that is not installed, beside Python's own `http.server`.

Ours keeps a file whole and on the disk before it answers; the others only write it. What comes down is compared with
what went up. The server's memory is read before, and the most that it ever held afterwards.
"""

from __future__ import annotations

import os
import statistics
from pathlib import Path

from ..figures import Answer, Figure, at_least, at_most, compared
from ..programs import Facts
from ..setting import Setting
from . import rest
from .file_servers import PlainServer, plain_server, serving
from .memory import peak, resident
from .servers import ours, up
from .transfer import DOWN, MEGA, PIECE, UP, there_and_back

# A file has so many bytes for each point of a short measurement: 1 GB.
BYTES = 1000
RATIO = at_least(0.5, 0.8)
FLAT = at_most(64, 16)
PATH = "/big.bin"
# What a turn needs of memory for each byte of its file: it is kept once, and on its way more than once.
NEED = 1.5
PAGE = 4096


def answer(setting: Setting) -> Answer:
    """Let both take turns."""
    size = setting.points * BYTES
    other = plain_server()
    mine: list[Facts] = []
    theirs: list[Facts] = []
    with setting.room() as room:
        file = written(room / "file", size)
        for _ in range(setting.rounds):
            mine.append(our_turn(setting, warmed(room, file)))
            theirs.append(their_turn(setting, warmed(room, file), other))
    title = f"a file of {size / MEGA:,.0f} MB"
    most = statistics.median(each["more memory"] for each in mine)
    figures = [
        compared(
            f"{title} {way}", "MB/s", [each[way] for each in mine], other.name, [each[way] for each in theirs], RATIO
        )
        for way in (UP, DOWN)
    ]
    figures.append(Figure(f"memory that {title} takes, up and down", "MB", most, FLAT))
    return Answer(figures, {"ours": mine, other.name: theirs})


def written(path: Path, size: int) -> Path:
    """Write a file of so many bytes, that no two pieces of are equal."""
    with path.open("wb") as file:
        left = size
        while left:
            left -= file.write(os.urandom(min(left, PIECE)))
    return path


def warmed(room: Path, file: Path) -> Path:
    """Return a file, having had as much memory as a turn with it needs.

    What a virtual machine left free for some seconds its host may have taken back. To get it again costs up to five
    times what a page costs otherwise, and who comes first would pay for all.
    """
    most = room / "most"
    with most.open("wb") as taking:
        left = int(file.stat().st_size * NEED)
        while left > 0:
            left -= taking.write(bytes(PIECE))
    most.unlink()
    return file


def our_turn(setting: Setting, file: Path) -> Facts:
    """Send the file to a run of ours, and fetch it."""
    with setting.room() as room, up(ours(), room) as running:
        with rest.connected(running.port) as client:
            (run_id,) = rest.start_runs(client, 1)
        before = resident(running.pid)
        path = f"/api/2.0/mlflow-artifacts/artifacts/{rest.DEFAULT}/{run_id}/artifacts{PATH}"
        rates = there_and_back(running.port, path, file)
        # A page at least, so that there is something to divide by.
        more = max(PAGE, peak(running.pid) - before)
    return {**rates, "more memory": more / MEGA}


def their_turn(setting: Setting, file: Path, server: PlainServer) -> Facts:
    """Send the file to a plain server of files, and fetch it."""
    with setting.room() as room, serving(server, room) as port:
        return there_and_back(port, PATH, file)
