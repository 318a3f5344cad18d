"""The curves of 243 configurations that learn scikit-learn's digits for 27 epochs, from one pass over all of them.

A net with one hidden layer is trained by minibatches with momentum, in numpy, all configurations side by side: each has
weights of its own and all see the same images in the same order. What counts is the log loss on images held out.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

EPOCHS, BATCH, HIDDEN, SEEN, JUDGED = 27, 40, 16, 400, 400
RATES = np.geomspace(1e-3, 3.0, 9)
MOMENTA = (0.0, 0.5, 0.9)
DECAYS = (1e-5, 1e-3, 1e-2)
SCALES = (0.1, 0.5, 1.5)
SEED = 7


def curves() -> NDArray[np.float64]:
    """Return the losses, by configuration and epoch; nan where a configuration has diverged."""
    # The other benchmarks do without scikit-learn.
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    rng = np.random.default_rng(SEED)
    mixed = rng.permutation(len(images))
    inputs, wanted = (images[mixed] / 16).astype(np.float32), np.eye(10, dtype=np.float32)[labels[mixed]]
    nets = Nets(rng)
    with np.errstate(all="ignore"):
        return np.stack([epoch(nets, rng, inputs, wanted) for _ in range(EPOCHS)], axis=1)


def epoch(nets: Nets, rng: np.random.Generator, inputs: Array, wanted: Array) -> NDArray[np.float64]:
    """Show all images once in a new order; return each configuration's loss on those held out."""
    for batch in rng.permutation(SEEN).reshape(-1, BATCH):
        nets.learn(inputs[batch], wanted[batch])
    return nets.loss(inputs[-JUDGED:], wanted[-JUDGED:])


class Nets:
    """One net for each configuration: arrays whose first axis is the configuration."""

    def __init__(self, rng: np.random.Generator) -> None:
        given = np.array(list(product(RATES, MOMENTA, DECAYS, SCALES)), dtype=np.float32)
        self._rate, self._momentum, self._decay, scale = given.T[:, :, None, None]
        shapes = ((64, HIDDEN), (1, HIDDEN), (HIDDEN, 10), (1, 10))
        draw = [rng.standard_normal((len(given), *shape), dtype=np.float32) for shape in shapes]
        # Biases begin at 0, weights at the configuration's scale of the usual width.
        self._weights = [
            each * (scale / np.sqrt(shape[0]) if shape[0] > 1 else 0) for each, shape in zip(draw, shapes, strict=True)
        ]
        self._moving = [np.zeros_like(each) for each in self._weights]

    def learn(self, inputs: Array, wanted: Array) -> None:
        """Take one step down the gradient, which is averaged over the batch."""
        hidden, chances = self._forward(inputs)
        error = (chances - wanted) / len(inputs)
        back = error @ self._weights[2].swapaxes(1, 2) * (hidden > 0)
        gradients = [
            inputs.T @ back,
            back.sum(1, keepdims=True),
            hidden.swapaxes(1, 2) @ error,
            error.sum(1, keepdims=True),
        ]
        for weights, moving, gradient in zip(self._weights, self._moving, gradients, strict=True):
            np.copyto(moving, self._momentum * moving - self._rate * (gradient + self._decay * weights))
            np.add(weights, moving, out=weights)

    def loss(self, inputs: Array, wanted: Array) -> NDArray[np.float64]:
        """Return the log loss of each configuration."""
        _, chances = self._forward(inputs)
        found: NDArray[np.float64] = -np.log(np.maximum((chances * wanted).sum(2), 1e-12)).mean(1).astype(np.float64)
        return found

    def _forward(self, inputs: Array) -> tuple[Any, Any]:
        first, first_bias, second, second_bias = self._weights
        hidden = np.maximum(inputs @ first + first_bias, 0)
        scores = hidden @ second + second_bias
        powers = np.exp(scores - scores.max(2, keepdims=True))
        return hidden, powers / powers.sum(2, keepdims=True)
