"""Run trials by Ray Tune, two at a time: random search, one report of ten metrics with a checkpoint.

The clock runs while `Tuner.fit` does; Ray has started before. Nothing forces to the disk what it writes.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import ray  # type: ignore[import-not-found, unused-ignore]
from ray import tune  # type: ignore[import-not-found, unused-ignore]

from . import given_trial
from .work import Work, answer, arguments

AT_ONCE = 2


def trial(params: dict[str, float]) -> None:
    """Report once."""
    with tempfile.TemporaryDirectory() as folder:
        given_trial.save(Path(folder))
        tune.report(given_trial.metrics(params[given_trial.PARAM]), checkpoint=tune.Checkpoint.from_directory(folder))


def main() -> None:
    """Start Ray, and run so many trials."""
    asked = arguments(__doc__)
    # Not the folder that is measured: its name may be too long for Ray's sockets.
    with tempfile.TemporaryDirectory(prefix="ray-") as session:
        ray.init(
            num_cpus=AT_ONCE, include_dashboard=False, log_to_driver=False, logging_level="ERROR", _temp_dir=session
        )
        answer(run(asked))
        ray.shutdown()


def run(asked: Work) -> dict[str, object]:
    """Run so many trials, and return how long that took.

    Raises:
        SystemExit: something of them was not kept.
    """
    tuner = tune.Tuner(
        trial,
        param_space={given_trial.PARAM: tune.uniform(given_trial.LOWEST, given_trial.HIGHEST)},
        tune_config=tune.TuneConfig(
            num_samples=asked.trials, metric=given_trial.METRIC, mode="min", max_concurrent_trials=AT_ONCE
        ),
        run_config=tune.RunConfig(storage_path=str(asked.folder.absolute()), verbose=0),
    )
    started = time.monotonic()
    results = tuner.fit()
    seconds = time.monotonic() - started
    kept = [result for result in results if result.checkpoint is not None and given_trial.OTHERS[-1] in result.metrics]
    if len(kept) != asked.trials:
        raise SystemExit(f"{len(kept)} of {asked.trials} trials were kept")
    return {"trials": asked.trials, "seconds": seconds, "version": ray.__version__}


if __name__ == "__main__":
    main()
