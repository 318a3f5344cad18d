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
    # What there is nothing to be kept from anybody of.
    ANYBODYS = auto()
    # What belongs to no experiment, such as a file that no run has: admins' alone.
    NOTHING = auto()


class Thing(NamedTuple):
    """A thing that a request is about; with `read_only` it is enough to be allowed to read it.

    With `may_be_new`, one that there is not yet is to be made, which anybody may. `frames` say where in a journal it is
    spoken of first: from a byte to another.
    """

    kind: Kind
    name: str
    read_only: bool = False
    may_be_new: bool = False
    frames: tuple[int, int] | None = None


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


def runs(run_ids: Iterable[str]) -> Iterable[Thing]:
    """Return some runs; if it is none there is nothing to be asked for, and that is let through."""
    return [run(each) for each in run_ids] or [Thing(Kind.ANYBODYS, "")]


def owner_of(name: str, *, may_be_new: bool = False) -> Thing:
    """Return the run or the logged model of an ID."""
    return Thing(Kind.MODEL if name.startswith("m-") else Kind.RUN, name, may_be_new=may_be_new)


def model(model_id: str, *, read_only: bool = False) -> Thing:
    """Return a logged model."""
    return Thing(Kind.MODEL, model_id, read_only)


def registered_model(name: str, *, read_only: bool = False) -> Thing:
    """Return a registered model."""
    return Thing(Kind.REGISTERED_MODEL, name, read_only)
