"""Read handwritten digits with a small neural network: a sweep to copy out and make your own.

Start the whole sweep, as digits.yaml beside this file describes it, with

    sweeps run digits

Each trial calls `train`. It works on its own too, which is how a sweep runs a script that it knows nothing
about, and it can measure a checkpoint that you downloaded:

    python digits.py --lr=0.3 --width=64 --batch_size=32 --momentum=0.9 --weight_decay=0.0001
    python digits.py --evaluate FOLDER
"""

from __future__ import annotations

import argparse
import functools
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

import tracker
from tracker.errors import MissingExtra

if TYPE_CHECKING:
    from numpy.typing import NDArray

    import sweeps

    Array = NDArray[np.float32]
    Labels = NDArray[np.int64]

EPOCHS = 20
CHECKPOINT_EVERY = 5  # epochs


class Digits(NamedTuple):
    """Images of shape (n, 64) with values from 0 to 1, and labels of shape (n,) from 0 to 9."""

    images: Array
    labels: Labels


@functools.cache  # trials that share a process share the data
def load() -> tuple[Digits, Digits, Digits]:
    """Load scikit-learn's 1797 digits, always split alike into training, validation and test data.

    The test data takes no part in training or in choosing a checkpoint. Of many checkpoints, the one that is
    best on some data was also lucky on it, so its accuracy there is too good to be true. Only data that
    nothing was chosen by can tell how well the choice will do on new digits.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise MissingExtra(library="scikit-learn", extra="examples") from error

    images, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(seed=0).permutation(len(labels))
    images = images[order].astype(np.float32) / 16
    labels = labels[order].astype(np.int64)
    first, second = int(0.6 * len(labels)), int(0.8 * len(labels))
    return (
        Digits(images[:first], labels[:first]),
        Digits(images[first:second], labels[first:second]),
        Digits(images[second:], labels[second:]),
    )


class Net:
    """A network with one hidden layer of rectified linear units."""

    def __init__(self, weights: Mapping[str, Array]) -> None:
        self.weights = dict(weights)

    @classmethod
    def create(cls, width: int, rng: np.random.Generator) -> Self:
        """Make a network with `width` hidden units and random weights."""

        def random(inputs: int, outputs: int) -> Array:
            scale = np.float32(np.sqrt(2 / inputs))
            return rng.standard_normal((inputs, outputs), dtype=np.float32) * scale

        return cls(
            {
                "hidden": random(64, width),
                "hidden_bias": np.zeros(width, np.float32),
                "output": random(width, 10),
                "output_bias": np.zeros(10, np.float32),
            },
        )

    def forward(self, images: Array) -> tuple[Array, Array]:
        """Compute the hidden units (n, width) and each digit's probability (n, 10)."""
        hidden = np.maximum(images @ self.weights["hidden"] + self.weights["hidden_bias"], 0)
        scores = hidden @ self.weights["output"] + self.weights["output_bias"]
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))
        return hidden, odds / odds.sum(axis=1, keepdims=True)

    def gradients(self, images: Array, labels: Labels) -> tuple[float, dict[str, Array]]:
        """Compute the mean cross-entropy of a batch, and its gradient for each of the weights."""
        hidden, probabilities = self.forward(images)
        rows = np.arange(len(labels))
        loss = -np.log(probabilities[rows, labels] + np.float32(1e-9)).mean()
        d_scores = probabilities
        d_scores[rows, labels] -= 1
        d_scores /= len(labels)
        d_hidden = (d_scores @ self.weights["output"].T) * (hidden > 0)
        return float(loss), {
            "hidden": images.T @ d_hidden,
            "hidden_bias": d_hidden.sum(axis=0),
            "output": hidden.T @ d_scores,
            "output_bias": d_scores.sum(axis=0),
        }

    def accuracy(self, images: Array, labels: Labels) -> float:
        """Compute the share of images whose most likely digit is the right one."""
        _, probabilities = self.forward(images)
        return float((probabilities.argmax(axis=1) == labels).mean())

    def save(self, folder: Path) -> None:
        """Write the network into a folder."""
        arrays: dict[str, Any] = self.weights
        np.savez(folder / "net.npz", allow_pickle=False, **arrays)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read a network back from the folder that it was saved in."""
        with np.load(folder / "net.npz", allow_pickle=False) as file:
            return cls(file)


def fit(run: sweeps.Trial | tracker.Run, params: Mapping[str, Any], seed: int) -> None:
    """Train a network, and log how it does and what it has become; the same seed gives the same numbers."""
    training, validation, test = load()
    on_validation = tracker.Dataset.from_arrays("validation", x=validation.images, y=validation.labels)
    on_test = tracker.Dataset.from_arrays("test", x=test.images, y=test.labels)
    rng = np.random.default_rng(seed)
    net = Net.create(params["width"], rng)
    velocity = {name: np.zeros_like(weights) for name, weights in net.weights.items()}

    for epoch in range(1, EPOCHS + 1):
        losses = []
        order = rng.permutation(len(training.labels))
        for start in range(0, len(order), params["batch_size"]):
            batch = order[start : start + params["batch_size"]]
            loss, gradients = net.gradients(training.images[batch], training.labels[batch])
            losses.append(loss)
            for name, weights in net.weights.items():
                step = gradients[name] + params["weight_decay"] * weights
                # A running mean of the gradients, not their sum: so lr means the same at any momentum.
                velocity[name] = params["momentum"] * velocity[name] + (1 - params["momentum"]) * step
                net.weights[name] -= params["lr"] * velocity[name]

        # The metric that the sweep goes by. A trial that is told to stop early stops here.
        run.log({"loss": float(np.mean(losses)), "accuracy": net.accuracy(*validation)}, step=epoch)

        if epoch % CHECKPOINT_EVERY == 0:
            model = run.log_model("net", net.save, step=epoch)
            model.log({"accuracy": net.accuracy(*validation)}, dataset=on_validation)
            model.log({"accuracy": net.accuracy(*test)}, dataset=on_test)


def train(trial: sweeps.Trial) -> None:
    """Run one trial of the sweep; a sweep file names this function as `digits.py:train`."""
    fit(trial, trial.params, trial.seed)


def main() -> None:
    """Run as a script: one trial with the params of the command line, or the test of a checkpoint."""
    parser = argparse.ArgumentParser(description="Train a small network on handwritten digits.")
    parser.add_argument("--lr", type=float, default=0.3)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--batch_size", type=int, default=32)
    parser.add_argument("--momentum", type=float, default=0.9)
    parser.add_argument("--weight_decay", type=float, default=1e-4)
    parser.add_argument("--evaluate", type=Path, metavar="FOLDER", help="test the checkpoint in this folder")
    params = vars(parser.parse_args())
    folder = params.pop("evaluate")
    if folder is None:
        fit(tracker.current_run(), params, seed=int(os.environ.get("SWEEPS_TRIAL_SEED", "0")))
    else:
        _, _, test = load()
        print(f"test accuracy {Net.load(folder).accuracy(*test):.4f}")  # noqa: T201 - what the user asked for


if __name__ == "__main__":
    main()
