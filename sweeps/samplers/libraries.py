"""The libraries that some of Optuna's samplers need, and find missing at their first proposal only."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

from tracker.errors import MissingExtra

# By the sampler's class in Optuna: the libraries, and the extra of ours that installs them.
NEEDS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "CmaEsSampler": (("cmaes",), "cmaes"),
    "GPSampler": (("scipy", "torch"), "gp"),
    "QMCSampler": (("scipy",), "qmc"),
}


def check(sampler: str) -> None:
    """See to it that a sampler, named by its class, has what it needs, without loading it.

    Raises:
        MissingExtra: a library is not installed.
    """
    libraries, extra = NEEDS.get(sampler, ((), ""))
    for library in libraries:
        if find_spec(library) is None:
            raise MissingExtra(library, extra)
