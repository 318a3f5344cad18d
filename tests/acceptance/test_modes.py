"""Whatever we make is its owner's alone, even where the umask forbids nothing (S09)."""

from __future__ import annotations

import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

# Makes one of everything: in folders that nobody made before, in spools, in temporary folders, while a trial runs.
MAKES_EVERYTHING = """
    import os, socket, sys
    os.umask(0)
    import tracker, sweeps
    from tracker.cli.main import main
    from tracker.server.auth import Users

    place = sys.argv[1] + "/some/where/store"
    with tracker.open(place) as opened, opened.start_run("e") as run:
        run.log({"loss": 0.5}, step=1)
        run.log_artifact(sys.argv[0] if os.path.exists(sys.argv[0]) else "trial.py", under="deep/er")
        run.log_model("net", lambda folder: (folder / "w").write_bytes(b"w"), step=1)
    users = Users(opened.path)
    users.add("ann", "no hash", is_admin=True)
    users.close()
    there = tracker.attach(place)
    there.run("f" * 32).log({"late": 1.0})
    sweep = sweeps.Sweep("trial.py", parameters={"n": {"value": 0}}, method="grid", metric="loss")
    sweeps.run(sweep, store=place)
    assert main(["backup", sys.argv[1] + "/backup", "--store", place]) == 0
    assert main(["backup", sys.argv[1] + "/linked", "--link", "--store", place]) == 0
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"
    import logging
    logging.disable()
    with tracker.open(nobody) as opened:
        run = opened.start_run("offline")
        run.log({"loss": 0.5})
        run.log_artifact("trial.py")
        run.flush(0.1)
        # To close would be to wait for the server.
        os._exit(0)
"""
TRIAL = """
import os, stat, tracker
from pathlib import Path

with tracker.current_run() as run:
    run.log({"loss": 1.0}, step=1)
    run.log_model("net", lambda folder: (folder / "w").write_bytes(b"w"))
with open(os.environ["MODES"], "w") as file:
    for path in [*Path(os.environ["TMPDIR"]).rglob("*"), *Path(os.environ["TRACKER_STORE"]).rglob("*")]:
        file.write(f"{path.lstat().st_mode} {path}\\n")
"""


def not_private(modes: dict[str, int]) -> dict[str, str]:
    return {path: oct(stat.S_IMODE(mode)) for path, mode in modes.items() if mode & 0o077}


def test_folders_files_and_sockets_are_their_owners_alone(
    tmp_path: Path, run_python: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    (tmp_path / "trial.py").write_text(TRIAL)
    for name in ("made", "tmp"):
        (tmp_path / name).mkdir()
    seen = tmp_path / "modes"
    run_python(MAKES_EVERYTHING, tmp_path / "made", TMPDIR=str(tmp_path / "tmp"), MODES=str(seen))
    during = {path: int(mode) for mode, path in (line.split(" ", 1) for line in seen.read_text().splitlines())}
    assert any(stat.S_ISSOCK(mode) for mode in during.values())
    assert not_private(during) == {}
    left = [*(tmp_path / "made").rglob("*"), *(tmp_path / "spool").rglob("*"), tmp_path / "spool"]
    kinds = {"users.db", "tracker.db", "w", "trial.py", "url"} - {path.name for path in left}
    assert kinds == set()
    assert {path.suffix for path in left} >= {".journal", ".txt"}
    assert not_private({str(path): path.lstat().st_mode for path in left}) == {}
