"""A saved model is bytes to us: nothing of ours loads, evaluates or unpacks one (S07, S29)."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

import tracker
from tracker.cli.main import main

from ..payloads import payloads

Serve = Callable[[Path], str]


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    return tmp_path / "canary"


def use(opened: tracker.Tracker, files: dict[str, bytes], to: Path) -> None:
    """Log files as a model's and a run's, and do with them all that can be done."""

    def save(folder: Path) -> None:
        for name, data in files.items():
            (folder / name).write_bytes(data)

    with opened.start_run("e") as run:
        model = run.log_model("net", save, step=1)
        model.log({"acc": 0.5}, dataset=tracker.Dataset("validation", "1"))
        to.mkdir()
        save(to)
        run.log_artifact(to)
    (found,) = opened.search_logged_models(experiment_names=["e"], filter_string="metrics.acc > 0")
    assert opened.promote_if_better(found, "best", metric="acc", dataset="validation").promote
    for place in (found.download(to / "model"), opened.download(run.run_id, to / "run")):
        kept = {path.name: path.read_bytes() for path in place.rglob("*") if path.is_file()}
        assert kept.items() >= files.items()
        # Not one file more: none was unpacked.
        assert len(kept) == len(files)


def test_no_model_is_loaded(store: Path, tmp_path: Path, canary: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = payloads(canary)
    with tracker.open(store) as opened:
        use(opened, files, tmp_path / "to")
        (model,) = opened.search_logged_models(experiment_names=["e"])
        assert {path.name for path in model.path.iterdir()} == files.keys()
    for words in (["doctor", "--deep"], ["backup", str(tmp_path / "copy")], ["gc"], ["models", "--json"]):
        assert main([*words, "--store", str(store)]) == 0, words
    assert json.loads(capsys.readouterr().out.splitlines()[-1])
    assert not canary.exists()
    # It would have shown.
    pickle.loads(files["model.pkl"])  # noqa: S301  # our own
    assert canary.exists()


def test_no_model_is_loaded_over_the_network(serve: Serve, store: Path, tmp_path: Path, canary: Path) -> None:
    with tracker.open(serve(store)) as opened:
        use(opened, payloads(canary), tmp_path / "to")
    assert not canary.exists()


def test_a_dataset_is_hashed_and_never_loaded(tmp_path: Path, canary: Path) -> None:
    for name, data in payloads(canary).items():
        (tmp_path / name).write_bytes(data)
        assert tracker.Dataset.from_file(name, tmp_path / name).digest
    assert not canary.exists()
