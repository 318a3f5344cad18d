from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.setting import Setting
from benchmarks.sweeping import ask_times, tpe_quality
from benchmarks.sweeping.tables import Point, Table

# Accuracy and seconds of each point of one axis.
CELLS = np.array([[0.5, 3.0], [0.9, 1.0], [0.7, 1.5], [0.1, 9.0]])


def test_trials_run_in_virtual_time() -> None:
    table = Table({"a": 4}, CELLS)
    said: list[str] = []

    def ask(number: int) -> Point:
        said.append(f"ask {number}")
        return {"a": number}

    found = table.search(ask, lambda number, accuracy: said.append(f"tell {number} {accuracy}"), trials=4, workers=2)
    assert found == [0.9, 0.7, 0.5, 0.1]
    assert said == ["ask 0", "ask 1", "tell 1 0.9", "ask 2", "tell 2 0.7", "ask 3", "tell 0 0.5", "tell 3 0.1"]


@pytest.mark.parametrize(("accuracy", "regret"), [(0.9, 0.0), (0.6, 1.0), (0.75, 0.5)])
def test_regret_is_0_at_the_best_and_1_at_the_median(accuracy: float, regret: float) -> None:
    assert Table({"a": 4}, CELLS).regret(accuracy) == pytest.approx(regret)


@pytest.mark.parametrize("who", tpe_quality.MAKE)
def test_everybody_searches_every_table(who: str, tmp_path: Path) -> None:
    generator = np.random.default_rng(7)
    for name in ("one", "two"):
        np.save(tmp_path / f"{name}.npy", generator.random((4, 3, 2)))
    found = tpe_quality.searched(tmp_path, tpe_quality.MAKE[who], seeds=2)
    # With a hundred trials of twelve points, nobody misses the best.
    assert found == {"mean": 0.0, "by_seed": [0.0, 0.0], "regrets": {"one": [0.0, 0.0], "two": [0.0, 0.0]}}


def test_without_peers_there_is_no_figure(tmp_path: Path) -> None:
    setting = Setting(points=1, rounds=1, large=1, seconds=1.0, models=1, trials=1, folder=tmp_path, peers=None)
    (figure,) = tpe_quality.answer(setting).figures
    assert figure.verdict == "not measured"
    assert figure.note == "peers were left out, and the tables with them"


def test_proposals_are_timed_in_turns() -> None:
    found = ask_times.asked(20, 2)
    assert len(found["ours"]) == len(found["theirs"]) == 2
    assert [figure.unit for figure in ask_times.figures(20, found)] == ["ms", "ms"]
