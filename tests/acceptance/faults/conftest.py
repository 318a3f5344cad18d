"""What fault tests share: their seed, and places for a store and its ledgers."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from .shim import library


@pytest.fixture
def seed() -> int:
    """A seed, new each time unless FAULT_SEED says otherwise; every failure's message has it."""
    return int(os.environ.get("FAULT_SEED") or random.SystemRandom().randrange(2**32))


@pytest.fixture
def only() -> int | None:
    """The one round to replay, as FAULT_ONLY says; None for all."""
    return int(os.environ["FAULT_ONLY"]) if "FAULT_ONLY" in os.environ else None


@pytest.fixture
def ledgers(tmp_path: Path) -> Path:
    folder = tmp_path / "ledgers"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that stands between a program and its files."""
    return library(tmp_path_factory.mktemp("shim"))
