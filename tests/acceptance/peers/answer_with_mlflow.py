"""Write a world through MLflow's client into a SQLite file of its own, and answer cases; runs in MLflow's environment.

    python answer_with_mlflow.py ASKED FOLDER > ANSWERED

`ASKED` is a JSON file of `{"world": …, "cases": […]}`; the answer is JSON: the version, what it then held, and the
answers. MLflow makes up IDs and the times of models and experiments by itself: here it is given a clock and a source of
IDs, so that they are what the world says.
"""

from __future__ import annotations

import json
import logging
import sys
import uuid
from pathlib import Path
from typing import Any

import mlflow  # type: ignore[import-not-found, unused-ignore]
from mlflow.entities import (  # type: ignore[import-not-found, unused-ignore]
    Dataset,
    DatasetInput,
    InputTag,
    LoggedModelStatus,
    Metric,
    Param,
    ViewType,
)
from mlflow.store.tracking import sqlalchemy_store  # type: ignore[import-not-found, unused-ignore]

Told = dict[str, Any]
MANY = 1000


class Made:
    """What MLflow takes for the time and for a new ID."""

    def __init__(self) -> None:
        self.now = 0
        self.identity = ""

    def time(self) -> int:
        """Return the time, in milliseconds since the epoch."""
        return self.now

    def uuid(self) -> uuid.UUID:
        """Return the ID that is due, or any."""
        identity, self.identity = self.identity, ""
        return uuid.UUID(identity) if identity else uuid.uuid1()


class Writer:
    """Writes a world."""

    def __init__(self, client: mlflow.MlflowClient, made: Made) -> None:
        self._client = client
        self._made = made
        self.numbers: dict[str, str] = {}

    def write(self, world: Told) -> None:
        """Write all of it; what is deleted goes last."""
        for experiment in world["experiments"]:
            self._experiment(experiment)
        for run in world["runs"]:
            self._run(run)
        for model in world["models"]:
            self._model(model)
        for run in world["runs"]:
            self._end(run)
        for experiment in world["experiments"]:
            self._finish(experiment)

    def _experiment(self, told: Told) -> None:
        if told["name"] == "Default":
            number = "0"
        else:
            self._made.now = told["creation_time"]
            number = self._client.create_experiment(told["name"])
        self.numbers[told["name"]] = number
        for key, value in told["tags"].items():
            self._client.set_experiment_tag(number, key, value)

    def _run(self, told: Told) -> None:
        self._made.identity = told["run_id"]
        parent = {"mlflow.parentRunId": told["parent"]} if told["parent"] else {}
        tags = {**told["tags"], **parent, "mlflow.user": told["user"]}
        number = self.numbers[told["experiment"]]
        run_id = self._client.create_run(number, told["start_time"], tags, told["name"]).info.run_id
        expect(run_id, told["run_id"])
        metrics = [Metric(p["key"], float(p["value"]), p["timestamp"], p["step"]) for p in told["points"]]
        params = [Param(key, str(value)) for key, value in told["params"].items()]
        self._client.log_batch(run_id, metrics=metrics, params=params)
        self._client.log_inputs(run_id, [used(each) for each in told["inputs"]])

    def _model(self, told: Told) -> None:
        self._made.identity, self._made.now = told["model_id"].removeprefix("m-"), told["creation_time"]
        model_id = self._client.create_logged_model(
            self.numbers[told["experiment"]],
            told["name"],
            told["run_id"],
            told["tags"],
            {key: str(value) for key, value in told["params"].items()},
            told["model_type"],
        ).model_id
        expect(model_id, told["model_id"])
        if told["status"] != "PENDING":
            self._made.now = told["last_update_time"]
            status = getattr(LoggedModelStatus, told["status"].removeprefix("UPLOAD_"))
            self._client.finalize_logged_model(model_id, status)
        for run_id in {point["run_id"] for point in told["points"]}:
            points = [measured(model_id, point) for point in told["points"] if point["run_id"] == run_id]
            self._client.log_batch(run_id, metrics=points)

    def _end(self, told: Told) -> None:
        if told["end_time"] is not None:
            self._client.set_terminated(told["run_id"], told["status"], told["end_time"])
        elif told["status"] != "RUNNING":
            self._client.update_run(told["run_id"], told["status"])
        if told["deleted"]:
            self._client.delete_run(told["run_id"])

    def _finish(self, told: Told) -> None:
        self._made.now = told["last_update_time"]
        number = self.numbers[told["name"]]
        if told["deleted"]:
            self._client.delete_experiment(number)
        elif told["last_update_time"] != told["creation_time"]:
            # Renaming is what moves the time; to the same name is enough.
            self._client.rename_experiment(number, told["name"])


def expect(found: object, wanted: object) -> None:
    """Stop where MLflow has not made what the world says."""
    if found != wanted:
        raise SystemExit(f"MLflow made {found!r} where the world has {wanted!r}")


def used(told: Told) -> DatasetInput:
    """Return a run's input."""
    tags = [InputTag("mlflow.data.context", told["context"])] if told["context"] else []
    return DatasetInput(Dataset(told["name"], told["digest"], "local", "{}"), tags)


def measured(model_id: str, told: Told) -> Metric:
    """Return a point of a logged model."""
    name, digest = told["dataset"] or (None, None)
    value, run_id = float(told["value"]), told["run_id"]
    return Metric(told["key"], value, told["timestamp"], told["step"], model_id, name, digest, run_id)


class Searcher:
    """Answers cases; experiments go by their names."""

    def __init__(self, client: mlflow.MlflowClient, numbers: dict[str, str]) -> None:
        self._client = client
        self._numbers = numbers
        self._names = {number: name for name, number in numbers.items()}

    def answer(self, case: Told) -> Told:
        """Return the IDs of each page, or how MLflow refuses."""
        try:
            return {"pages": self._pages(case)}
        except Exception as problem:  # noqa: BLE001  # some of its refusals are bugs, of any kind
            return {"refused": f"{type(problem).__name__}: {problem}"[:200]}

    def _pages(self, case: Told) -> list[list[str]]:
        pages, token = [], None
        while True:
            found = getattr(self, case["subject"])(case, token)
            pages.append([self._identity(each) for each in found])
            token = found.token
            if not token:
                return pages

    def _identity(self, found: Any) -> str:  # noqa: ANN401  # MLflow's objects have no types here
        if hasattr(found, "info"):
            return str(found.info.run_id)
        return str(found.model_id) if hasattr(found, "model_id") else self._names[found.experiment_id]

    def _ids(self, case: Told) -> list[str]:
        names = self._numbers if case["experiments"] is None else case["experiments"]
        # A name that no experiment has stands for an ID that none has.
        return [self._numbers.get(name, "424242") for name in names]

    def runs(self, case: Told, token: str | None) -> Any:  # noqa: ANN401
        """Return one page of runs."""
        return self._client.search_runs(
            self._ids(case), self._filter(case), ViewType.ACTIVE_ONLY, case["max_results"], case["order_by"], token
        )

    def models(self, case: Told, token: str | None) -> Any:  # noqa: ANN401
        """Return one page of logged models."""
        return self._client.search_logged_models(
            self._ids(case), self._filter(case), case["datasets"], case["max_results"], case["order_by"] or None, token
        )

    def experiments(self, case: Told, token: str | None) -> Any:  # noqa: ANN401
        """Return one page of experiments."""
        return self._client.search_experiments(
            ViewType.ACTIVE_ONLY, case["max_results"], self._filter(case), case["order_by"], token
        )

    def held(self) -> Told:
        """Return what it holds of runs and logged models: with it a world can be compared."""
        numbers = list(self._numbers.values())
        runs = self._client.search_runs(numbers, None, ViewType.ALL)
        models = self._client.search_logged_models(numbers, max_results=MANY)
        return {
            "runs": {run.info.run_id: [run.data.params, run.data.tags, run.info.status] for run in runs},
            "models": {model.model_id: [model.params, model.tags, str(model.status)] for model in models},
        }

    def _filter(self, case: Told) -> str | None:
        text: str = case["filter"]
        for name, number in self._numbers.items():
            text = text.replace(f"<{name}>", number)
        # Its page tokens of logged models know none, and no empty ones.
        return text or None


def main() -> None:
    """Read what is asked, and answer."""
    asked, folder = Path(sys.argv[1]), Path(sys.argv[2])
    told = json.loads(asked.read_bytes())
    # It logs how it refuses; that is in the answer.
    logging.disable()
    made = Made()
    made.now = told["world"]["experiments"][0]["creation_time"]
    sqlalchemy_store.get_current_time_millis = made.time
    uuid.uuid4 = made.uuid
    client = mlflow.MlflowClient(f"sqlite:///{folder}/mlflow.db")
    writer = Writer(client, made)
    writer.write(told["world"])
    searcher = Searcher(client, writer.numbers)
    answers = [searcher.answer(case) for case in told["cases"]]
    sys.stdout.write(json.dumps({"version": mlflow.__version__, "held": searcher.held(), "answers": answers}))


if __name__ == "__main__":
    main()
