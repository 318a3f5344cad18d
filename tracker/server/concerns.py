"""What a request is about, as its route says: pure.

Users have roles for experiments and registered models. So a route says of which things its requests are, and `allowing`
finds the experiments that these belong to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum, auto
from typing import Any, NamedTuple


class Kind(Enum):
    """What a thing is named by."""

    EXPERIMENT = auto()
    EXPERIMENT_NAME = auto()
    RUN = auto()
    MODEL = auto()
    REGISTERED_MODEL = auto()
    # What belongs to no experiment, such as a file that no run has: admins' alone.
    NOTHING = auto()


class Thing(NamedTuple):
    """A thing that a request is about; with `read_only` it is enough to be allowed to read it."""

    kind: Kind
    name: str
    read_only: bool = False


Concerns = Callable[[Any], Iterable[Thing]]


def what_may_be_read(asked: object) -> Iterable[Thing]:
    """Say of a search that it finds only what a user may read, as all do that ask through the service."""
    del asked
    return ()


def experiment(experiment_id: str) -> Thing:
    """Return an experiment."""
    return Thing(Kind.EXPERIMENT, experiment_id)


def run(run_id: str) -> Thing:
    """Return a run."""
    return Thing(Kind.RUN, run_id)


def model(model_id: str, *, read_only: bool = False) -> Thing:
    """Return a logged model."""
    return Thing(Kind.MODEL, model_id, read_only)


def registered_model(name: str, *, read_only: bool = False) -> Thing:
    """Return a registered model."""
    return Thing(Kind.REGISTERED_MODEL, name, read_only)
