"""An open store, and datasets to measure on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import tracker


@pytest.fixture
def opened(store: Path) -> Iterator[tracker.Tracker]:
    with tracker.open(store) as found:
        yield found


@pytest.fixture
def validation() -> tracker.Dataset:
    return tracker.Dataset.from_arrays("validation", x=[1, 2, 3])


@pytest.fixture
def holdout() -> tracker.Dataset:
    return tracker.Dataset.from_arrays("holdout", x=[4, 5])
