"""Eight processes at once that make one experiment, each with a run of its own."""

from __future__ import annotations

import multiprocessing

PROCESSES = 8


def start(barrier: object, number: int) -> None:
    import mlflow

    barrier.wait()  # type: ignore[attr-defined]
    # The client whose `create` comes too late is given the experiment, and goes on in the default one: it is named.
    experiment = mlflow.set_experiment("race")
    with mlflow.start_run(experiment_id=experiment.experiment_id, run_name=f"racer-{number}"):
        mlflow.log_metrics({"number": number, "one": 1}, step=0)
        mlflow.log_param("number", number)


if __name__ == "__main__":
    spawning = multiprocessing.get_context("spawn")
    together = spawning.Barrier(PROCESSES)
    racers = [spawning.Process(target=start, args=(together, number)) for number in range(PROCESSES)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert [racer.exitcode for racer in racers] == [0] * PROCESSES
