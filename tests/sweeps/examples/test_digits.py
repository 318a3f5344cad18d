from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import yaml

import sweeps
import tracker
from tracker.errors import MissingExtra

FOLDER = Path(sweeps.__file__).parent / "examples" / "digits"
GOOD = {"lr": 0.5, "width": 64, "batch_size": 16, "momentum": 0.7, "weight_decay": 1e-4}


@dataclass
class Checkpoint:
    name: str
    step: int
    folder: Path
    measured: dict[str, float] = field(default_factory=dict)
    datasets: dict[str, tracker.Dataset] = field(default_factory=dict)

    def log(self, metrics: Mapping[str, float], *, dataset: tracker.Dataset) -> None:
        assert list(metrics) == ["accuracy"]
        self.measured[dataset.name] = metrics["accuracy"]
        self.datasets[dataset.name] = dataset


@dataclass
class Recorder:
    """Stands where a trial or a run does, and keeps what it is told."""

    folder: Path
    params: Mapping[str, Any] = field(default_factory=lambda: GOOD)
    seed: int = 0
    steps: list[int] = field(default_factory=list)
    curve: list[Mapping[str, float]] = field(default_factory=list)
    checkpoints: list[Checkpoint] = field(default_factory=list)

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        self.steps.append(step)
        self.curve.append(metrics)

    def log_model(self, name: str, save: Callable[[Path], None], step: int) -> Checkpoint:
        folder = self.folder / f"{len(self.checkpoints)}"
        folder.mkdir(parents=True)
        save(folder)
        self.checkpoints.append(Checkpoint(name, step, folder))
        return self.checkpoints[-1]


@pytest.fixture(scope="module")
def digits() -> ModuleType:
    spec = importlib.util.spec_from_file_location("digits_example", FOLDER / "digits.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def trained(digits: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Recorder:
    trial = Recorder(tmp_path_factory.mktemp("trained"))
    digits.train(trial)
    return trial


class TestData:
    def test_every_digit_is_in_one_part(self, digits: ModuleType) -> None:
        parts = digits.load()
        assert [len(part.labels) for part in parts] == [1078, 359, 360]
        together = np.concatenate([part.images for part in parts])
        assert together.shape == (1797, 64)
        assert (together.min(), together.max()) == (0, 1)
        assert len(np.unique(together, axis=0)) == 1797

    def test_every_part_has_every_digit(self, digits: ModuleType) -> None:
        for part in digits.load():
            assert np.bincount(part.labels).min() > 0.05 * len(part.labels)

    def test_says_in_one_line_that_scikit_learn_is_missing(
        self, digits: ModuleType, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
        with pytest.raises(MissingExtra, match=r"^scikit-learn is not installed; run: pip install") as caught:
            digits.load.__wrapped__()
        assert "\n" not in str(caught.value)


class TestNet:
    def test_gradients_are_the_slopes_of_the_loss(self, digits: ModuleType) -> None:
        images, labels = digits.load()[0]
        images, labels = images[:20].astype(float), labels[:20]
        net = digits.Net.create(8, np.random.default_rng(1))
        net.weights = {name: weights.astype(float) for name, weights in net.weights.items()}
        _, gradients = net.gradients(images, labels)
        for name, weights in net.weights.items():
            place = np.unravel_index(np.abs(gradients[name]).argmax(), weights.shape)
            weights[place] += 1e-5
            above, _ = net.gradients(images, labels)
            weights[place] -= 2e-5
            below, _ = net.gradients(images, labels)
            weights[place] += 1e-5
            assert gradients[name][place] == pytest.approx((above - below) / 2e-5, rel=1e-4)

    def test_comes_back_as_it_was_saved(self, digits: ModuleType, trained: Recorder) -> None:
        _, validation, test = digits.load()
        for checkpoint in trained.checkpoints:
            assert [path.name for path in checkpoint.folder.iterdir()] == ["net.npz"]
            net = digits.Net.load(checkpoint.folder)
            assert net.accuracy(*validation) == checkpoint.measured["validation"]
            assert net.accuracy(*test) == checkpoint.measured["test"]


class TestTrial:
    def test_streams_every_epoch(self, trained: Recorder) -> None:
        assert trained.steps == list(range(1, 21))
        assert all(set(metrics) == {"loss", "accuracy"} for metrics in trained.curve)
        assert trained.curve[-1]["loss"] < 0.1 < trained.curve[0]["loss"]

    def test_measures_a_checkpoint_every_five_epochs(self, digits: ModuleType, trained: Recorder) -> None:
        assert [(model.name, model.step) for model in trained.checkpoints] == [
            ("net", step) for step in (5, 10, 15, 20)
        ]
        _, validation, test = digits.load()
        for model in trained.checkpoints:
            # The curve is of the validation data: no choice is made by the test data.
            assert model.measured["validation"] == trained.curve[model.step - 1]["accuracy"]
            assert model.datasets == {
                "validation": tracker.Dataset.from_arrays("validation", x=validation.images, y=validation.labels),
                "test": tracker.Dataset.from_arrays("test", x=test.images, y=test.labels),
            }

    def test_learns_to_read(self, trained: Recorder) -> None:
        assert min(trained.checkpoints[-1].measured.values()) >= 0.95

    def test_same_seed_gives_the_same_bytes(self, digits: ModuleType, trained: Recorder, tmp_path: Path) -> None:
        again = Recorder(tmp_path)
        digits.train(again)
        assert again.curve == trained.curve
        for one, other in zip(again.checkpoints, trained.checkpoints, strict=True):
            assert one.measured == other.measured
            assert (one.folder / "net.npz").read_bytes() == (other.folder / "net.npz").read_bytes()

    def test_another_seed_gives_another_net(self, digits: ModuleType, trained: Recorder, tmp_path: Path) -> None:
        other = Recorder(tmp_path, seed=1)
        digits.train(other)
        assert other.curve != trained.curve

    @pytest.mark.parametrize("lr", ["min", "max"])
    @pytest.mark.parametrize("momentum", ["min", "max"])
    @pytest.mark.parametrize("weight_decay", ["min", "max"])
    def test_stays_finite_in_the_corners_of_its_space(
        self, digits: ModuleType, tmp_path: Path, lr: str, momentum: str, weight_decay: str
    ) -> None:
        space = yaml.safe_load((FOLDER / "digits.yaml").read_text(encoding="utf-8"))["parameters"]
        corners = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay}
        params = {name: space[name][end] for name, end in corners.items()}
        trial = Recorder(tmp_path, params={**params, "width": 128, "batch_size": 16})
        digits.train(trial)
        assert np.isfinite([list(metrics.values()) for metrics in trial.curve]).all()


class TestScript:
    def test_trains_with_the_params_of_its_command_line(
        self, digits: ModuleType, trained: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run = Recorder(tmp_path)
        monkeypatch.setitem(vars(tracker), "current_run", lambda: run)
        monkeypatch.setenv("SWEEPS_TRIAL_SEED", "0")
        monkeypatch.setattr(sys, "argv", ["digits.py", *(f"--{name}={value}" for name, value in GOOD.items())])
        digits.main()
        assert run.curve == trained.curve

    def test_takes_its_seed_from_the_sweep(
        self, digits: ModuleType, trained: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run = Recorder(tmp_path)
        monkeypatch.setitem(vars(tracker), "current_run", lambda: run)
        monkeypatch.setenv("SWEEPS_TRIAL_SEED", "5")
        monkeypatch.setattr(sys, "argv", ["digits.py", *(f"--{name}={value}" for name, value in GOOD.items())])
        digits.main()
        assert run.curve != trained.curve

    def test_tests_a_checkpoint(
        self,
        digits: ModuleType,
        trained: Recorder,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        model = trained.checkpoints[-1]
        monkeypatch.setattr(sys, "argv", ["digits.py", "--evaluate", str(model.folder)])
        digits.main()
        assert capsys.readouterr().out == f"test accuracy {model.measured['test']:.4f}\n"


class TestSweepFile:
    def test_fits_the_program(self, digits: ModuleType) -> None:
        sweep = yaml.safe_load((FOLDER / "digits.yaml").read_text(encoding="utf-8"))
        program, _, function = sweep["program"].partition(":")
        assert (FOLDER / program).is_file()
        assert callable(getattr(digits, function))
        assert set(sweep["parameters"]) == set(GOOD)
        assert sweep["metric"] == {"name": "accuracy", "goal": "maximize"}
        assert sweep["execution"]["dataset"] == "validation"
        for name in ("lr", "momentum", "weight_decay"):
            ends = sweep["parameters"][name]
            assert isinstance(ends["min"], float)
            assert ends["min"] <= GOOD[name] <= ends["max"]
