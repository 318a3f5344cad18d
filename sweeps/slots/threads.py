"""How many threads a trial may use: the variables that numerical libraries read.

They share the cores between the trials, instead of each taking them all.
"""

from __future__ import annotations

from collections.abc import Mapping

_OPENMP = "OMP_NUM_THREADS"
THREAD_VARIABLES = (
    _OPENMP,
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


def own_threads(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what a user says of threads.

    What they say of OpenMP is meant for the others too: these would follow it if nothing were said of them. It may be
    a list, a number for each level of nesting, of which the others take the first.
    """
    openmp = environ.get(_OPENMP, "")
    others = dict.fromkeys(THREAD_VARIABLES, openmp.partition(",")[0].strip()) | {_OPENMP: openmp}
    said = {name: environ.get(name) or follow for name, follow in others.items()}
    return {name: value for name, value in said.items() if value}


def thread_limits(cores: float, own: Mapping[str, str]) -> dict[str, str]:
    """Return the variables for a trial that has so many cores; what the user says goes before."""
    return {**dict.fromkeys(THREAD_VARIABLES, str(max(1, int(cores)))), **own}
