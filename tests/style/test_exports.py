"""The public face: names that stay, and what importing them costs."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys

import pytest

import sweeps
import tracker

PUBLIC = {
    "tracker": {"open", "connect", "current_run", "Dataset", "Run", "LoggedModel", "Tracker", "AsyncTracker", "Level"},
    "sweeps": {"Sweep", "run", "run_async", "Trial", "TrialPruned", "SweepResult"},
}
# What only some programs need; loading it would cost all of them.
HEAVY = {
    "numpy",
    "optuna",
    "rich",
    "yaml",
    "aiosqlite",
    "httpx",
    "sklearn",
    "cloudpickle",
    "pandas",
    "polars",
    "pyarrow",
}


@pytest.mark.parametrize("package", [tracker, sweeps])
def test_every_public_name_is_there(package: object) -> None:
    module = importlib.import_module(getattr(package, "__name__", ""))
    assert set(module.__all__) >= PUBLIC[module.__name__]
    assert module.__all__ == sorted(module.__all__)
    for name in module.__all__:
        assert getattr(module, name).__doc__, name
        assert name in dir(module)
    with pytest.raises(AttributeError, match="has no attribute 'absent'"):
        module.absent  # noqa: B018  # asking is the point


@pytest.mark.parametrize("package", ["tracker", "sweeps"])
def test_every_front_room_exports_what_it_says(package: str) -> None:
    root = importlib.import_module(package)
    for info in pkgutil.walk_packages(root.__path__, f"{package}."):
        if info.ispkg:
            room = importlib.import_module(info.name)
            exported = getattr(room, "__all__", [])
            assert sorted(exported, key=lambda name: (not name.isupper(), name)) == list(exported), info.name
            assert all(hasattr(room, name) for name in exported), info.name


@pytest.mark.parametrize("start", ["import tracker", "import sweeps", "import sweeps.cli.main, tracker.cli.main"])
def test_importing_loads_nothing_heavy(start: str) -> None:
    program = f"{start}; import sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert HEAVY.isdisjoint(loaded)
    assert "asyncio" not in loaded


@pytest.mark.parametrize("words", [("sweeps", "--help"), ("sweeps", "run", "--help"), ("tracker", "--help")])
def test_help_loads_nothing_heavy(words: tuple[str, ...]) -> None:
    program = (
        f"import sys, {words[0]}.cli.main as cli\n"
        f"try: cli.main({list(words[1:])!r})\n"
        "except SystemExit: print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "usage:" in done.stdout
    assert HEAVY.isdisjoint(done.stderr.split())
