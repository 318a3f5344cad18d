"""Parts of curves as columns."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

import tracker
from tracker.errors import InvalidInput
from tracker.tables import Column, ColumnType, Page


@pytest.fixture
def page(store: Path) -> Page[tracker.RunInfo]:
    with tracker.open(store) as opened:
        for values in ([3.0, 1.0, 2.0], [math.nan, math.inf], []):
            with opened.start_run("e", params={"n": len(values)}) as run:
                for step, value in enumerate(values):
                    run.log({"loss": value, "loss.max": -1}, step=step)
        return opened.search_runs(order_by="params.n DESC")


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("metrics.loss", [2.0, math.inf, None]),
        ("metrics.loss.min", [1.0, None, None]),
        ("metrics.loss.MIN", [1.0, None, None]),
        ("metrics.loss.last", [2.0, math.inf, None]),
        ("metrics.loss.latest", [2.0, math.inf, None]),
        # A metric that is literally named so goes before.
        ("metrics.loss.max", [-1.0, -1.0, None]),
        ("metrics.loss.max.max", [-1.0, -1.0, None]),
        ("metrics.absent.min", [None, None, None]),
    ],
)
def test_a_part_of_a_curve_is_a_column(page: Page[tracker.RunInfo], field: str, values: list[float | None]) -> None:
    assert page.columns([field]) == [Column(field, ColumnType.NUMBER, values)]


@pytest.mark.parametrize("part", ["best", "at(3)"])
def test_a_part_that_is_not_kept_is_refused(page: Page[tracker.RunInfo], part: str) -> None:
    with pytest.raises(InvalidInput, match="can be filtered and ordered by, and is not kept to be shown"):
        page.columns([f"metrics.loss.{part}"])


def test_models_keep_no_parts(store: Path) -> None:
    with tracker.open(store) as opened:
        with opened.start_run("e") as run:
            run.log_model("net", lambda folder: (folder / "w").write_bytes(b"w")).log({"acc": 1})
        page = opened.search_logged_models()
    assert [column.values for column in page.columns(["metrics.acc", "metrics.acc.other"])] == [[1.0], [None]]
    with pytest.raises(InvalidInput, match="is not kept to be shown"):
        page.columns(["metrics.acc.max"])
