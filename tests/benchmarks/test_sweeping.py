"""What the sweeping suite counts: epochs in virtual time, and curves that are the same for all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.sweeping import digits_curves, functions, idle
from benchmarks.sweeping.asha_digits import ASHA, NEVER, OPTUNA, Nobody, Ours, compare, shuffle
from benchmarks.sweeping.scheduler_cpu import Meter
from benchmarks.sweeping.simulation import Simulation
from benchmarks.sweeping.virtual import search
from sweeps.config import Threshold
from sweeps.scheduler import TrialStarted


def falling(trials: int, epochs: int) -> list[list[float]]:
    """Return curves that never cross: the lower the number, the lower the curve."""
    return [[1.0 + trial - epoch / epochs for epoch in range(epochs)] for trial in range(trials)]


@pytest.mark.parametrize(("workers", "place", "spent"), [(1, 0, 10), (1, 3, 40), (4, 0, 37), (4, 3, 40), (4, 5, 78)])
def test_without_stopping_the_epochs_of_all_workers_count(workers: int, place: int, spent: int) -> None:
    curves = falling(9, 10)
    order = list(range(1, 9))
    order.insert(place, 0)
    assert search(order, curves, {0}, workers, Nobody()) == spent


def test_a_trial_that_is_stopped_leaves_its_worker_to_the_next_at_once() -> None:
    # All but the wanted one are stopped at their first epoch.
    assert search([3, 2, 1, 0], falling(4, 10), {0}, 1, Ours(Threshold(upper=1.5))) == 3 + 10


def test_what_is_stopped_is_not_found() -> None:
    assert search([0, 1], falling(2, 10), {1}, 2, Ours(Threshold(upper=1.5))) is None


def test_our_successive_halving_takes_as_many_epochs_as_optunas() -> None:
    rng = np.random.default_rng(7)
    curves = rng.random((81, 1)) + rng.normal(0, 0.2, (81, 27)) / np.arange(1, 28)
    found = compare(curves.tolist(), 6)
    assert found["epochs"][ASHA] == found["epochs"][OPTUNA]
    assert sum(found["epochs"][NEVER]) > 0
    assert found["never"][NEVER] == 0


def test_orders_are_random_and_the_same_for_all() -> None:
    assert shuffle(20, 1) == shuffle(20, 1) != shuffle(20, 2)
    assert sorted(shuffle(20, 1)) == list(range(20))


def test_configurations_learn_and_not_equally_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digits_curves, "EPOCHS", 2)
    monkeypatch.setattr(digits_curves, "RATES", (0.03, 0.1))
    first, again = digits_curves.curves(), digits_curves.curves()
    assert first.shape == (54, 2)
    np.testing.assert_array_equal(first, again)
    assert np.nanmin(first[:, 1]) < np.nanmin(first[:, 0]) < np.log(10)
    assert len(np.unique(first[:, 1])) == 54


def test_the_simulated_scheduler_runs_all_trials_and_keeps_its_workers_busy() -> None:
    found = Simulation(10, 200).run()
    assert sum(found["trials"].values()) == 200
    assert found["trials"]["pruned"] > found["trials"]["complete"] > 0
    assert found["busiest"] == 10
    assert found == Simulation(10, 200).run()


def test_a_slot_is_idle_from_a_trials_end_to_the_next_ones_beginning(tmp_path: Path) -> None:
    (tmp_path / "1").write_text("0.0 1.0\n1.5 2.0\n2.25 3.0\n")
    (tmp_path / "2").write_text("0.5 1.25\n1.375 4.0\n")
    assert idle.idle(tmp_path, 0) == [500.0, 250.0, 125.0]
    # The first three of all trials are left out.
    assert idle.idle(tmp_path, 3) == [500.0, 250.0]


def test_notes_are_kept_where_somebody_wants_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(functions.NOTES, "")
    monkeypatch.delenv(functions.NOTES)
    functions.note(1.0)
    functions.keep_notes(folder := tmp_path / "notes")
    functions.note(0.1, 2)
    functions.note(0.3)
    assert list(functions.notes(folder)) == [[[0.1, 2.0], [0.3]]]


def test_the_cpu_of_the_trials_between_is_counted() -> None:
    meter = Meter(2, 5)
    meter.read = {2: (1.0, 0.5), 5: (1.6, 0.8)}
    assert meter.milliseconds() == {"process": pytest.approx(200.0), "thread": pytest.approx(100.0)}
    heard = Meter(1, 2)
    for number in range(3):
        heard.hear(TrialStarted(number, "run", {}, 0, ()))
    assert heard.read.keys() == {1, 2}
