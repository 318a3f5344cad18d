"""Metrics with their goals and weights, as typed."""

from __future__ import annotations

import pytest

from tracker.cli.goals import metrics_in, weights_in
from tracker.errors import InvalidInput


@pytest.mark.parametrize(
    ("text", "goal", "metrics"),
    [
        ("accuracy", None, "accuracy"),
        ("loss", "minimize", "loss"),
        ("loss:minimize", None, {"loss": "minimize"}),
        ("loss:minimize", "maximize", {"loss": "minimize"}),
        ("accuracy, latency_ms:minimize", None, {"accuracy": "maximize", "latency_ms": "minimize"}),
        ("loss,latency_ms", "minimize", {"loss": "minimize", "latency_ms": "minimize"}),
        ('"a,b",c', None, {"a,b": "maximize", "c": "maximize"}),
        ("top:5", None, "top:5"),
        ("top:5:minimize", None, {"top:5": "minimize"}),
    ],
)
def test_metrics_and_their_goals(text: str, goal: str | None, metrics: object) -> None:
    assert metrics_in(text, goal) == metrics


@pytest.mark.parametrize("text", ["", ",", "a,,b", "a,a", "a:max", "a:MINIMIZE", ":minimize", '"a', "a:minimise,b"])
def test_metrics_that_do_not_read_so(text: str) -> None:
    with pytest.raises(InvalidInput, match="METRIC") as caught:
        metrics_in(text, None)
    assert "\n" not in str(caught.value)


def test_weights() -> None:
    assert weights_in("accuracy=1, latency_ms=0.2") == {"accuracy": 1, "latency_ms": 0.2}
    assert weights_in('a=c=2e-1,"b,d=1"') == {"a=c": 0.2, "b,d": 1}


@pytest.mark.parametrize("text", ["", "accuracy", "accuracy=", "=1", "accuracy=much", "a=1,,b=2", "a=1,a=2"])
def test_weights_that_do_not_read_so(text: str) -> None:
    with pytest.raises(InvalidInput, match="--weights") as caught:
        weights_in(text)
    assert "\n" not in str(caught.value)
