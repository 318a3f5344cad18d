"""Logging: every value and step comes back to the bit, and what is no number is refused whole, at the call."""

from __future__ import annotations

import decimal
import math
import struct
import warnings
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

import tracker
from tracker.errors import InvalidMetric

# What looks at the store's own folder.
in_folder = pytest.mark.parametrize("opened", ["folder"], indirect=True)

INT64 = [0, -1, 7, 7, 3, 2**63 - 1, -(2**63)]


class Tensor:
    """What PyTorch's tensor of no dimension looks like from outside: it has a length, but will not tell it."""

    ndim = 0

    def __init__(self, value: complex) -> None:
        self._value = value

    def __len__(self) -> int:
        raise TypeError("len() of a 0-d tensor")

    def __float__(self) -> float:
        warnings.warn("part of a gradient", UserWarning, stacklevel=2)
        raise RuntimeError("value cannot be converted to type double without overflow")

    def item(self) -> complex:
        return self._value


VALUES: list[tuple[object, float]] = [
    (0.1, 0.1),
    (math.nan, math.nan),
    (math.inf, math.inf),
    (-math.inf, -math.inf),
    (-0.0, -0.0),
    (5e-324, 5e-324),
    (1.8e308, math.inf),
    (True, 1.0),
    (2**53 + 1, float(2**53 + 1)),
    (np.float32(0.1), float(np.float32(0.1))),
    (np.float64(-0.0), -0.0),
    (np.float16(0.1), float(np.float16(0.1))),
    (np.int8(-3), -3.0),
    (np.uint64(2**64 - 1), float(2**64 - 1)),
    (np.bool_(1), 1.0),
    (np.array(0.1), 0.1),
    (Tensor(0.1), 0.1),
    (decimal.Decimal("0.1"), 0.1),
    (Fraction(1, 3), 1 / 3),
]


def bits(values: ArrayLike) -> bytes:
    return np.where(np.isnan(found := np.asarray(values, np.float64)), np.nan, found).tobytes()


@pytest.mark.parametrize("times", [1, 3])
def test_every_number_is_kept_to_the_bit_the_first_time_and_later(opened: tracker.Tracker, times: int) -> None:
    with opened.start_run() as run:
        for step in range(times):
            run.log({f"metric {number}": value for number, (value, _) in enumerate(VALUES)}, step=step)
    for number, (_, kept) in enumerate(VALUES):
        history = opened.metric_history(run.run_id, f"metric {number}")
        assert bits(history.values) == bits([kept] * times)


def test_every_step_is_kept_as_logged(opened: tracker.Tracker) -> None:
    with opened.start_run() as run:
        for place, step in enumerate(INT64):
            run.log({"loss": place}, step=step)
        run.log({"loss": 99}, step=np.int64(7))  # type: ignore[arg-type]  # what users do
    history = opened.metric_history(run.run_id, "loss")
    wanted = sorted([*enumerate(INT64), (99, 7)], key=lambda point: point[1])
    assert history.steps.tolist() == [step for _, step in wanted]
    assert history.values.tolist() == [place for place, _ in wanted]


@pytest.mark.parametrize("bad", ["0.3", b"1", [0.3], np.ones(1), np.str_("1"), None, 1j, Tensor(1j), 10**400, {"a": 1}])
@pytest.mark.parametrize("known", [False, True])
def test_what_is_no_number_is_refused_at_the_call_by_its_key_and_nothing_is_logged(
    opened: tracker.Tracker, bad: object, *, known: bool
) -> None:
    with opened.start_run() as run:
        if known:
            run.log({"fine": 1.0, "bad one": 2.0})
        with pytest.raises(InvalidMetric, match="'bad one'"):
            run.log({"fine": 1.0, "bad one": bad})
    assert len(opened.metric_history(run.run_id, "fine")) == len(opened.metric_history(run.run_id, "bad one")) == known


@pytest.mark.parametrize("step", [1.0, "1", None, 2**63, -(2**63) - 1])
def test_what_is_no_step_is_refused_at_the_call(opened: tracker.Tracker, step: int) -> None:
    with opened.start_run() as run:
        for _ in range(2):
            with pytest.raises(InvalidMetric, match="step"):
                run.log({"loss": 1.0}, step=step)
    assert len(opened.metric_history(run.run_id, "loss")) == 0


@pytest.mark.campaign
@in_folder
def test_a_run_may_have_a_hundred_thousand_metrics(opened: tracker.Tracker) -> None:
    with opened.start_run() as run:
        run.log({f"layer {number}/λ": number / 7 for number in range(90_000)}, step=1)
        for number in range(10_000):
            run.log({f"alone {number}": number / 3}, step=number)
    found = opened.get_run(run.run_id)
    assert len(found.metrics) == 100_000
    assert found.metrics["layer 89999/λ"] == 89_999 / 7
    assert opened.metric_history(run.run_id, "alone 9999").steps.tolist() == [9999]


def test_a_batch_of_columns_is_what_as_many_calls_would_be(opened: tracker.Tracker) -> None:
    values = np.array([0.1, math.nan, -0.0, math.inf, 5e-324])
    steps = np.array([5, -1, 5, 2**63 - 1, 0])
    with opened.start_run() as run, opened.start_run() as judge:
        run.log({"loss": 9.0}, step=5)
        run.log_batch({"loss": values, "acc": [1, 2, 3, 4, 5]}, steps=steps, timestamps=np.arange(5))
        run.log({"acc": 9.0}, step=5)
        judge.log({"loss": 9.0}, step=5)
        for place, step in enumerate(steps.tolist()):
            judge.log({"loss": values[place], "acc": place + 1}, step=step)
        judge.log({"acc": 9.0}, step=5)
    for key in ("loss", "acc"):
        found, wanted = opened.metric_history(run.run_id, key), opened.metric_history(judge.run_id, key)
        assert found.steps.tolist() == wanted.steps.tolist()
        assert bits(found.values) == bits(wanted.values)
    assert opened.metric_history(run.run_id, "loss").timestamps[0] == 1


def test_a_batch_without_steps_counts_from_zero_and_is_a_copy(opened: tracker.Tracker) -> None:
    losses = np.linspace(1, 0, 100_000, dtype=np.float32)
    kept = losses.astype(np.float64)
    with opened.start_run() as run:
        run.log_batch({"loss": losses})
        losses[:] = 7
        run.log_batch({"loss": []})
    found = opened.metric_history(run.run_id, "loss")
    assert found.steps.tolist() == list(range(100_000))
    assert bits(found.values) == bits(kept)


@pytest.mark.parametrize(
    ("columns", "steps", "problem"),
    [
        ({}, None, "mapping"),
        ([1.0], None, "mapping"),
        ({"loss": 1.0}, None, r"'loss'.*shape"),
        ({"loss": [[1.0]]}, None, r"'loss'.*shape"),
        ({"loss": ["a"]}, None, "'loss'.*numbers"),
        ({"loss": [1j]}, None, "'loss'.*numbers"),
        ({"loss": [1.0, [2.0]]}, None, "'loss'.*numbers"),
        ({"": [1.0]}, None, "empty"),
        ({"loss": [1.0], "acc": [1.0, 2.0]}, None, "'acc'.*2 points.*'loss' has 1"),
        ({"loss": [1.0]}, [1, 2], "'steps'.*2 points"),
        ({"loss": [1.0]}, [1.5], "'steps'.*whole"),
        ({"loss": [1.0]}, [2**63], "'steps'.*64 bits"),
        ({"loss": [1.0]}, [2**64], "'steps'"),
    ],
)
def test_a_batch_that_cannot_be_kept_is_refused_whole(
    opened: tracker.Tracker, columns: dict[str, NDArray[np.float64]], steps: list[int] | None, problem: str
) -> None:
    with opened.start_run() as run, pytest.raises(InvalidMetric, match=problem) as caught:
        run.log_batch(columns, steps)
    assert "\n" not in str(caught.value)
    assert opened.get_run(run.run_id).metrics == {}


@pytest.mark.anyio
async def test_async_code_logs_batches_too(store: str) -> None:
    async with tracker.connect(store) as opened, await opened.start_run() as run:
        await run.log_batch({"loss": [0.5, struct.unpack("<d", b"\1" * 8)[0]]}, steps=[3, 4])
        await run.flush()
        assert (await opened.metric_history(run.run_id, "loss")).steps.tolist() == [3, 4]
