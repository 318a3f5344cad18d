"""Call what MLflow's client has for runs, models and the registry, and fall into each trap of its semantics.

    MLFLOW_TRACKING_URI=… python methods_and_traps.py

Prints the name of each function that went through.
"""

from __future__ import annotations

import itertools
import math
import os
import re
import tempfile
import warnings
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import mlflow
import requests  # type: ignore[import-untyped, unused-ignore]
from mlflow import MlflowClient
from mlflow.entities import (
    Dataset,
    DatasetInput,
    InputTag,
    LoggedModelInput,
    LoggedModelOutput,
    LoggedModelStatus,
    Metric,
    Param,
    RunTag,
    ViewType,
)
from mlflow.exceptions import MlflowException

client = MlflowClient()
ADDRESS = os.environ["MLFLOW_TRACKING_URI"]
API = f"{ADDRESS}/api/2.0/mlflow"
counter = itertools.count()


def require(said: object, wanted: object) -> None:
    """Say what differs."""
    assert said == wanted, f"{said!r} is not {wanted!r}"


def require_refused(pattern: str, code: str, call: Callable[..., object], *said: object, **named: object) -> None:
    """Check that a call is refused, and how."""
    try:
        call(*said, **named)
    except MlflowException as problem:
        refusal = problem
    else:
        raise AssertionError(f"{call} was not refused")
    assert re.search(pattern, str(refusal)), f"{refusal} says nothing of {pattern!r}"
    require(refusal.error_code, code)


def new_experiment(**said: Any) -> str:  # noqa: ANN401  # as MLflow has it
    return str(client.create_experiment(f"experiment {next(counter)}", **said))


def new_run(experiment_id: str | None = None, **said: Any) -> str:  # noqa: ANN401  # as MLflow has it
    run_id: str = client.create_run(experiment_id or new_experiment(), **said).info.run_id
    return run_id


def names(found: Iterable[Any]) -> list[str]:
    return [each.name for each in found]


def ids(found: Iterable[Any]) -> list[str]:
    return [each.info.run_id for each in found]


def experiments() -> None:
    tagged: list[tuple[str, dict[str, str]]] = [("a", {"key": "value"}), ("ab", {"key": "vaLue"}), ("Abc", {})]
    made = [client.create_experiment(name, tags=tags) for name, tags in tagged]
    several = "experiment_id IN ({})".format(", ".join(f"'{each}'" for each in made))
    search = client.search_experiments
    require(names(search(filter_string="attribute.name = 'a'")), ["a"])
    require(sorted(names(search(filter_string=f"name LIKE 'a%' AND {several}"))), ["a", "ab"])
    require(names(search(filter_string="tag.key = 'value'")), ["a"])
    # A tag that is missing is not unequal either.
    require(names(search(filter_string="tag.key != 'value'")), ["ab"])
    require(sorted(names(search(filter_string="tag.key ILIKE '%alu%'"))), ["a", "ab"])
    require(names(search(filter_string=several, order_by=["name DESC"])), ["ab", "a", "Abc"])
    first = search(filter_string=several, max_results=2)
    rest = search(filter_string=several, max_results=2, page_token=first.token)
    require((sorted(names([*first, *rest])), rest.token), (["Abc", "a", "ab"], None))
    client.set_experiment_tag(made[0], "more", "")
    require(client.get_experiment(made[0]).tags, {"key": "value", "more": ""})
    client.delete_experiment_tag(made[0], "more")
    client.rename_experiment(made[0], "a renamed")
    require(client.get_experiment_by_name("a renamed").experiment_id, made[0])
    require(client.get_experiment_by_name("a"), None)
    client.delete_experiment(made[1])
    require(names(search(view_type=ViewType.DELETED_ONLY, filter_string=several)), ["ab"])
    require(len(search(view_type=ViewType.ALL, filter_string=several)), 3)
    # Its name stays taken, and it is not deleted twice.
    require_refused("already exists", "RESOURCE_ALREADY_EXISTS", client.create_experiment, "ab")
    require_refused("", "RESOURCE_DOES_NOT_EXIST", client.delete_experiment, made[1])
    require_refused("", "INVALID_PARAMETER_VALUE", client.create_run, made[1])
    client.restore_experiment(made[1])
    require_refused("", "RESOURCE_DOES_NOT_EXIST", client.restore_experiment, made[1])


def deleted_runs() -> None:
    experiment_id = new_experiment()
    one, other = new_run(experiment_id), new_run(experiment_id)
    for _ in range(2):
        client.delete_run(one)
    require(client.get_run(one).info.lifecycle_stage, "deleted")
    require(ids(client.search_runs([experiment_id], run_view_type=ViewType.DELETED_ONLY)), [one])
    for write in (
        lambda: client.log_metric(one, "a", 1.0),
        lambda: client.log_param(one, "a", "1"),
        lambda: client.set_tag(one, "a", "1"),
        lambda: client.delete_tag(one, "a"),
        lambda: client.log_batch(one, [Metric("a", 1.0, 1, 1)]),
    ):
        require_refused(f"The run {one} must be in the 'active' state", "INVALID_PARAMETER_VALUE", write)
    # To restore an experiment revives all of its runs.
    client.delete_experiment(experiment_id)
    client.restore_experiment(experiment_id)
    require(sorted(ids(client.search_runs([experiment_id]))), sorted([one, other]))
    for _ in range(2):
        client.restore_run(one)


def runs_and_their_names() -> None:
    experiment_id = new_experiment()
    tags = {"mlflow.user": "somebody", "mlflow.parentRunId": "7", "my": "tag"}
    made = client.create_run(experiment_id, start_time=456, run_name="my name", tags=tags)
    found = client.get_run(made.info.run_id)
    for run in (made, found):
        require((run.info.user_id, run.info.start_time, run.info.run_name), ("somebody", 456, "my name"))
        assert run.data.tags.items() >= tags.items()
        require((run.info.status, run.info.end_time), ("RUNNING", None))
    require([each.info for each in client.search_runs([experiment_id])], [found.info])
    unnamed = new_run(experiment_id)
    assert re.fullmatch(r"\w+-\w+-\d+", client.get_run(unnamed).info.run_name)
    client.set_tag(unnamed, "mlflow.runName", "tagged")
    require(client.get_run(unnamed).info.run_name, "tagged")
    client.update_run(unnamed, name="updated")
    require(client.get_run(unnamed).data.tags["mlflow.runName"], "updated")
    both = {"run_name": "one", "tags": {"mlflow.runName": "other"}}
    require_refused("", "INVALID_PARAMETER_VALUE", client.create_run, experiment_id, **both)
    # Whatever has ended takes data all the same, and may go on.
    client.set_terminated(unnamed, "FAILED")
    client.log_metric(unnamed, "late", 1.0)
    client.update_run(unnamed, status="RUNNING")
    require(client.get_run(unnamed).info.status, "RUNNING")
    require(client.get_parent_run(new_run(tags={"mlflow.parentRunId": unnamed})).info.run_id, unnamed)
    require_refused(r"Run .+ not found", "RESOURCE_DOES_NOT_EXIST", client.delete_tag, "0" * 32, "a")
    require_refused("No tag with name: absent", "RESOURCE_DOES_NOT_EXIST", client.delete_tag, unnamed, "absent")


def metrics() -> None:
    run_id = new_run()
    for step, timestamp, value in ((5, 1, 0.5), (3, 9, 0.1), (5, 1, math.nan), (5, 1, -1.0), (5, 1, 0.5)):
        client.log_metric(run_id, "loss", value, timestamp=timestamp, step=step)
    # The latest is the greatest by step, time and value, NaN as 0; the exact repeat is none.
    require(client.get_run(run_id).data.metrics["loss"], 0.5)
    history = client.get_metric_history(run_id, "loss")
    require([(each.timestamp, each.step) for each in history], [(1, 5), (1, 5), (1, 5), (9, 3)])
    values = [each.value for each in history]
    assert (values[0], values[2], values[3]) == (-1.0, 0.5, 0.1)
    assert math.isnan(values[1])
    for key, value in (("inf", math.inf), ("-inf", -math.inf), ("nan", math.nan)):
        client.log_metric(run_id, key, value)
    found = client.get_run(run_id).data.metrics
    assert found["inf"] >= 1.7976931348623157e308
    assert found["-inf"] <= -1.7976931348623157e308
    assert math.isnan(found["nan"])
    for nobody, key in ((run_id, "absent"), ("0" * 32, "loss")):
        require(client.get_metric_history(nobody, key), [])
    client.log_metric(run_id, "negative", 1.0, step=-3)
    require(client.get_metric_history(run_id, "negative")[0].step, -3)


def params_and_keys() -> None:
    run_id = new_run()
    for _ in range(2):
        client.log_param(run_id, "lr", "0.1")
    changed = "Changing param values is not allowed"
    require_refused(changed, "INVALID_PARAMETER_VALUE", client.log_param, run_id, "lr", "0.2")
    twice = [Param("twice", "1"), Param("twice", "2")]
    require_refused("", "INVALID_PARAMETER_VALUE", client.log_batch, run_id, params=twice)
    client.log_batch(run_id, params=[Param("empty", "")], tags=[RunTag("t", "first"), RunTag("t", "last")])
    client.log_batch(run_id, params=[Param("long", "p" * 6001)], tags=[RunTag("long", "t" * 8001)])
    data = client.get_run(run_id).data
    require((data.params["empty"], data.tags["t"]), ("", "last"))
    require((len(data.params["long"]), len(data.tags["long"])), (6000, 8000))
    for key in ("a/b c", "val:x", "größe", "_.-"):
        client.log_metric(run_id, key, 1.0)
    for key in ("a(b)", "a@b", "a,b", "a%b", "a//b", "../a", "a/", ".", "k" * 251):
        require_refused("", "INVALID_PARAMETER_VALUE", client.log_metric, run_id, key, 1.0)


def searching_runs() -> None:
    experiment_id = new_experiment()
    # Without a name of its own in MLflow's way, a tie is broken by the ID.
    made = sorted(new_run(experiment_id, start_time=1) for _ in range(6))
    search = client.search_runs
    for run_id, value in zip(made, (2.0, 1.0, math.nan, 3.0), strict=False):
        client.log_metric(run_id, "m", value)
    numbers, others = [made[1], made[0], made[3]], [made[2], made[4], made[5]]
    require(ids(search([experiment_id], order_by=["metrics.m"])), [*numbers, *others])
    require(ids(search([experiment_id], order_by=["metrics.m DESC"])), [*numbers[::-1], *others])
    # What is missing never matches; NaN only what is unequal.
    require(ids(search([experiment_id], "metrics.m != 2")), [made[1], made[2], made[3]])
    require(ids(search([experiment_id], "metrics.m > 0")), [made[0], made[1], made[3]])
    require(ids(search([experiment_id], "params.absent != 'a'")), [])
    first = search([experiment_id], max_results=3)
    last = search([experiment_id], max_results=3, page_token=first.token)
    require((ids([*first, *last]), last.token), (made, None))
    for words in ({"page_token": "none"}, {"max_results": 123456789}, {"filter_string": "metrics.m > 'a'"}):
        require_refused("", "INVALID_PARAMETER_VALUE", search, [experiment_id], **words)
    require(ids(search([])), [])


def inputs_and_outputs() -> None:
    experiment_id = new_experiment()
    run_id, model = new_run(experiment_id), client.create_logged_model(experiment_id)
    used = DatasetInput(Dataset("set", "1a", "local", "x.csv"), [InputTag("mlflow.data.context", "training")])
    for _ in range(2):
        client.log_inputs(run_id, datasets=[used], models=[LoggedModelInput(model.model_id)])
    made = [LoggedModelOutput(model.model_id, 3)]
    client.log_outputs(run_id, made)
    found = client.get_run(run_id)
    ((dataset,), (taken,)) = found.inputs.dataset_inputs, found.inputs.model_inputs
    require((dataset.dataset.digest, taken.model_id, found.outputs.model_outputs), ("1a", model.model_id, made))
    require(ids(client.search_runs([experiment_id], "dataset.context = 'training'")), [run_id])


def logged_models() -> None:
    experiment_id = new_experiment()
    run_id = new_run(experiment_id)
    model = client.create_logged_model(experiment_id, model_type="LLM", source_run_id=run_id, tags={"tag": "value"})
    require((model.status, model.model_type, model.tags), (LoggedModelStatus.PENDING, "LLM", {"tag": "value"}))
    assert model.name
    client.log_model_params(model.model_id, {"param": "value"})
    require(client.get_logged_model(model.model_id).params, {"param": "value"})
    for status in (LoggedModelStatus.READY, LoggedModelStatus.FAILED, LoggedModelStatus.READY):
        require(client.finalize_logged_model(model.model_id, status).status, status)
    client.set_logged_model_tags(model.model_id, {"more": "tags"})
    client.delete_logged_model_tag(model.model_id, "tag")
    require(client.get_logged_model(model.model_id).tags, {"more": "tags"})
    delete = client.delete_logged_model_tag
    require_refused("No tag with key", "RESOURCE_DOES_NOT_EXIST", delete, model.model_id, "tag")
    client.log_metric(
        run_id, "acc", 0.9, timestamp=5, step=1, dataset_name="d", dataset_digest="1", model_id=model.model_id
    )
    client.log_metric(run_id, "acc", 0.5, timestamp=9, step=0, model_id=model.model_id)
    # The point is the run's too.
    require(client.get_run(run_id).data.metrics["acc"], 0.9)
    other = client.create_logged_model(experiment_id, name="other")

    def search(**words: Any) -> list[str]:  # noqa: ANN401  # as MLflow has it
        return names(client.search_logged_models([experiment_id], **words))

    # Any point may match, and the newest by time counts in an order.
    require(search(filter_string="metrics.acc > 0.8"), [model.name])
    require(search(filter_string=f"name = '{model.name}' AND model_type = 'LLM'"), [model.name])
    require(search(datasets=[{"dataset_name": "d", "dataset_digest": "1"}]), [model.name])
    require(search(order_by=[{"field_name": "metrics.acc", "ascending": False}]), [model.name, "other"])
    page = client.search_logged_models([experiment_id], max_results=1)
    rest = client.search_logged_models([experiment_id], max_results=1, page_token=page.token)
    require((names([*page, *rest]), rest.token), (["other", model.name], None))
    for _ in range(2):
        client.delete_logged_model(other.model_id)
    require_refused("not found", "RESOURCE_DOES_NOT_EXIST", client.get_logged_model, other.model_id)
    kept = requests.get(f"{API}/logged-models/{other.model_id}", params={"allow_deleted": "true"}, timeout=9)
    require(kept.status_code, 200)
    require(search(), [model.name])


def files() -> None:
    experiment_id = new_experiment()
    run_id, model = new_run(experiment_id), client.create_logged_model(experiment_id)
    folder = Path(tempfile.mkdtemp())
    (folder / "a+b c.txt").write_text("hello")
    client.log_artifact(run_id, str(folder / "a+b c.txt"))
    client.log_artifacts(run_id, str(folder), "dir")
    client.log_text(run_id, "text", "deep/er/x.txt")
    client.log_dict(run_id, {"a": 1}, "d.json")
    require([each.path for each in client.list_artifacts(run_id)], ["a+b c.txt", "d.json", "deep", "dir"])
    require([each.path for each in client.list_artifacts(run_id, "dir")], ["dir/a+b c.txt"])
    require(client.list_artifacts(run_id, "absent"), [])
    copy = Path(client.download_artifacts(run_id, "", tempfile.mkdtemp()))
    require((copy / "dir" / "a+b c.txt").read_text(), "hello")
    require((copy / "deep" / "er" / "x.txt").read_text(), "text")
    client.log_model_artifact(model.model_id, str(folder / "a+b c.txt"))
    client.log_model_artifacts(model.model_id, str(folder))
    require([each.path for each in client.list_logged_model_artifacts(model.model_id)], ["a+b c.txt"])


def registered_models() -> None:
    name = f"model {next(counter)}"
    made = client.create_registered_model(name, {"key": "value", "number": 5})
    require(made.tags, {"key": "value", "number": "5"})
    found = client.get_registered_model(name)
    require((str(found.description), found.latest_versions, found.aliases), ("", [], {}))
    client.update_registered_model(name, "described")
    client.set_registered_model_tag(name, "more", "")
    for _ in range(2):
        client.delete_registered_model_tag(name, "key")
    found = client.get_registered_model(name)
    require((found.description, found.tags), ("described", {"number": "5", "more": ""}))
    require(names(client.search_registered_models(f"name = '{name}'")), [name])
    require_refused(
        r"Registered Model .+ already exists", "RESOURCE_ALREADY_EXISTS", client.create_registered_model, name
    )
    client.rename_registered_model(name, f"{name} b")
    gone = f"Registered Model with name={name} not found"
    require_refused(gone, "RESOURCE_DOES_NOT_EXIST", client.get_registered_model, name)
    client.delete_registered_model(f"{name} b")
    require_refused("not found", "RESOURCE_DOES_NOT_EXIST", client.delete_registered_model, f"{name} b")


def model_versions() -> None:
    name, run_id = f"model {next(counter)}", new_run()
    client.create_registered_model(name)
    source = f"runs:/{run_id}/model"
    for number in ("1", "2", "3"):
        require(client.create_model_version(name, source, run_id, tags={"a": "b"}).version, number)
    first, second = (client.get_model_version(name, number) for number in ("1", "2"))
    require((first.source, first.run_id, first.tags, first.status), (source, run_id, {"a": "b"}, "READY"))
    require(client.get_model_version_download_uri(name, "1"), source)
    client.set_model_version_tag(name, "1", "k", "v")
    client.delete_model_version_tag(name, "1", "k")
    client.update_model_version(name, "1", "described")
    require(client.get_model_version(name, "1").description, "described")
    client.set_registered_model_alias(name, "best", "2")
    require(client.get_model_version_by_alias(name, "best").version, "2")
    require(client.get_model_version(name, "2").aliases, ["best"])
    copied = client.copy_model_version(f"models:/{name}@best", name)
    require((copied.version, copied.source), ("4", f"models:/{name}/2"))
    require(client.get_model_version_download_uri(name, "4"), source)
    for _ in range(2):
        client.delete_registered_model_alias(name, "best")
    by_alias = client.get_model_version_by_alias
    require_refused("", "INVALID_PARAMETER_VALUE", by_alias, name, "best")
    require_refused(
        "must be an integer, got 'no number at all'",
        "INVALID_PARAMETER_VALUE",
        client.get_model_version,
        name,
        "no number at all",
    )
    # What was deleted is not given again.
    client.delete_model_version(name, "4")
    require(client.create_model_version(name, source, run_id).version, "5")
    absent = r"Model Version .+ not found"
    require_refused(absent, "RESOURCE_DOES_NOT_EXIST", client.delete_model_version, name, "4")
    require_refused(absent, "RESOURCE_DOES_NOT_EXIST", client.update_model_version, name, "4", "x")
    found = client.search_model_versions(f"name = '{name}' AND run_id = '{run_id}'")
    require(sorted(each.version for each in found), ["1", "2", "3", "5"])
    model = client.create_logged_model("0")
    client.create_model_version(name, model.artifact_location, model_id=model.model_id)
    told = f'[{{"name": "{name}", "version": 6}}]'
    require(client.get_logged_model(model.model_id).tags["mlflow.modelVersions"], told)
    require(second.version, "2")


def stages() -> None:
    name, run_id = f"model {next(counter)}", new_run()
    client.create_registered_model(name)
    wanted = ("Archived", "Production", "Archived", "Production", "Staging", "None")
    for number, stage in enumerate(wanted, 1):
        client.create_model_version(name, f"runs:/{run_id}/model", run_id)
        if stage != "None":
            require(client.transition_model_version_stage(name, str(number), stage).current_stage, stage)

    def latest(among: list[str] | None) -> dict[str, str]:
        return {each.current_stage: each.version for each in client.get_latest_versions(name, among)}

    require(latest(["None", "Staging"]), {"None": "6", "Staging": "5"})
    everything = {"Archived": "3", "Production": "4", "Staging": "5", "None": "6"}
    require((latest(None), latest([])), (everything, everything))
    client.transition_model_version_stage(name, "6", "production", archive_existing_versions=True)
    require(latest(["Production"]), {"Production": "6"})
    require(client.get_model_version(name, "4").current_stage, "Archived")


def at_once() -> None:
    """Ten programs want the same experiment, and one run's points come in parallel batches."""
    with ThreadPoolExecutor(10) as threads:
        found = list(threads.map(lambda _: mlflow.set_experiment("raced").experiment_id, range(10)))
    require(len(set(found)), 1)
    with mlflow.start_run() as run:
        for step in range(300):
            mlflow.log_metric("m", step, step=step, synchronous=False)
        mlflow.flush_async_logging()
    require([each.step for each in client.get_metric_history(run.info.run_id, "m")], list(range(300)))


def on_the_wire() -> None:
    run_id = new_run()
    run = requests.get(f"{API}/runs/get", params={"run_id": run_id}, timeout=9).json()["run"]
    # Empty lists and what is unset are left out.
    require((run["info"]["run_uuid"], "metrics" in run["data"], "end_time" in run["info"]), (run_id, False, False))
    require(type(run["info"]["start_time"]), int)
    listing = requests.get(f"{ADDRESS}/api/2.0/mlflow-artifacts/artifacts", params={"path": "no/where"}, timeout=9)
    require((listing.status_code, listing.json()), (200, {}))
    # A client would try again for minutes what is answered by more than 499.
    for kind in ("runs", "logged-models", "experiments"):
        wrong: dict[str, Any] = {"experiment_ids": ["0"], "filter": "metrics.a >", "max_results": 5}
        require(requests.post(f"{API}/{kind}/search", json=wrong, timeout=9).status_code, 400)


PARTS = (
    experiments,
    deleted_runs,
    runs_and_their_names,
    metrics,
    params_and_keys,
    searching_runs,
    inputs_and_outputs,
    logged_models,
    files,
    registered_models,
    model_versions,
    stages,
    at_once,
    on_the_wire,
)
if __name__ == "__main__":
    warnings.simplefilter("ignore")
    for part in PARTS:
        part()
        print(part.__name__)  # noqa: T201  # the answer
