"""Optuna's part: two processes that optimise one study, kept in a file of SQLite, by random search.

A trial does with Optuna's means what ours does: it sets ten user attributes (in the second mode one, of all ten), keeps
the checkpoint by `upload_artifact` in a folder, and returns its value. SQLite is left as Optuna uses it: each of these
is a commit with FULL. The clock runs from the word to begin, when both processes have imported Optuna and loaded the
study, until both have run their share.
"""

from __future__ import annotations

import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import optuna
from optuna.artifacts import FileSystemArtifactStore, upload_artifact

from ..peers import given_trial, work
from ..processes import ended, heard, start, tell, wait_to_be_told
from ..programs import Facts

EACH, ONE = MODES = ("ten attributes", "one attribute")
PROCESSES = 2
# What a process is told that belongs to a mode.
WORKER = "worker: "
STUDY = "benchmark"


def main() -> None:
    """Run two processes, or be one of them."""
    asked = work.arguments(__doc__)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if asked.mode.startswith(WORKER):
        work.answer(optimise(asked.folder, asked.trials, one=asked.mode == WORKER + ONE))
    else:
        work.answer(together(asked.folder, asked.trials, asked.mode))


def together(folder: Path, trials: int, mode: str) -> Facts:
    """Let the processes begin together; return the seconds until the last one has run its share."""
    study = optuna.create_study(study_name=STUDY, storage=storage(folder))
    (folder / "artifacts").mkdir()
    share = trials // PROCESSES
    with ExitStack() as stack:
        words = {"folder": folder, "trials": share, "mode": WORKER + mode}
        started = [start(stack, "sweeping.beside_optuna", **words) for _ in range(PROCESSES)]
        for process in started:
            heard(process)
        for process in started:
            tell(process)
        answers = [ended(process) for process in started]
    kept = [trial for trial in study.trials if trial.value is not None and trial.user_attrs]
    if len(kept) != share * PROCESSES:
        raise SystemExit(f"{len(kept)} of {share * PROCESSES} trials were kept")
    seconds = max(each["ended"] for each in answers) - min(each["started"] for each in answers)
    return {"trials": len(kept), "seconds": seconds, "version": optuna.__version__}


def storage(folder: Path) -> str:
    """Return where the study is kept."""
    return f"sqlite:///{folder / 'study.db'}"


def optimise(folder: Path, trials: int, *, one: bool) -> Facts:
    """Run a share of the trials, once told to; return when that was, on the clock that processes share."""
    artifacts = FileSystemArtifactStore(folder / "artifacts")

    def objective(trial: optuna.Trial) -> float:
        value = trial.suggest_float(given_trial.PARAM, given_trial.LOWEST, given_trial.HIGHEST)
        metrics = given_trial.metrics(value)
        for key, attribute in {"metrics": metrics}.items() if one else metrics.items():
            trial.set_user_attr(key, attribute)
        with tempfile.TemporaryDirectory() as aside:
            path = given_trial.save(Path(aside))
            upload_artifact(artifact_store=artifacts, file_path=str(path), study_or_trial=trial)
        return value

    study = optuna.load_study(study_name=STUDY, storage=storage(folder), sampler=optuna.samplers.RandomSampler())
    wait_to_be_told()
    started = time.monotonic()
    study.optimize(objective, n_trials=trials)
    return {"started": started, "ended": time.monotonic()}


if __name__ == "__main__":
    main()
