"""An open store, and datasets to measure on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import tracker

# Whose tests are run behind a server too, each time; those of all others are in campaigns.
SERVED = {"test_fencing", "test_registered"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run tests of an open store with one in a folder, and with one behind a server."""
    named = {name for mark in metafunc.definition.iter_markers("parametrize") for name in str(mark.args[0]).split(",")}
    if "opened" in metafunc.fixturenames and "opened" not in named:
        always = metafunc.module.__name__.rpartition(".")[2] in SERVED
        behind = "server" if always else pytest.param("server", marks=pytest.mark.campaign)
        metafunc.parametrize("opened", ["folder", behind], indirect=True)


@pytest.fixture
def opened(request: pytest.FixtureRequest, store: Path) -> Iterator[tracker.Tracker]:
    """A store in a folder, by itself and behind a server."""
    place = store if request.param == "folder" else request.getfixturevalue("serve")(store)
    with tracker.open(place) as found:
        yield found


@pytest.fixture
def validation() -> tracker.Dataset:
    return tracker.Dataset.from_arrays("validation", x=[1, 2, 3])


@pytest.fixture
def holdout() -> tracker.Dataset:
    return tracker.Dataset.from_arrays("holdout", x=[4, 5])
