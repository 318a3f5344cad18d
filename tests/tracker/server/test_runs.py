"""Runs, their metrics, params and tags over MLflow's protocol."""

from __future__ import annotations

import pytest

from .conftest import Mlflow

NAN, INF = "NaN", "Infinity"


def point(key: str, value: object, step: int = 0, timestamp: int = 1) -> dict[str, object]:
    return {"key": key, "value": value, "step": step, "timestamp": timestamp}


def test_one_is_made_with_a_name_and_tags(mlflow: Mlflow) -> None:
    made = mlflow.post(
        "runs/create", experiment_id="0", user_id="me", start_time=5, tags=[{"key": "mlflow.runName", "value": "a"}]
    )["run"]
    info = made["info"]
    assert info["run_id"] == info["run_uuid"]
    assert len(info["run_id"]) == 32
    assert info["artifact_uri"] == f"mlflow-artifacts:/0/{info['run_id']}/artifacts"
    assert (info["run_name"], info["user_id"], info["status"], info["start_time"]) == ("a", "me", "RUNNING", 5)
    assert "end_time" not in info
    assert made["data"] == {"tags": [{"key": "mlflow.runName", "value": "a"}]}
    both = [{"key": "mlflow.runName", "value": "b"}]
    assert "different values" in mlflow.post("runs/create", 400, run_name="a", tags=both)["message"]
    assert mlflow.post("runs/create")["run"]["info"]["run_name"]


def test_any_status_may_follow_any(mlflow: Mlflow) -> None:
    run = mlflow.run()
    ended = mlflow.post("runs/update", run_id=run, status="FINISHED", end_time="9")["run_info"]
    assert (ended["status"], ended["end_time"]) == ("FINISHED", 9)
    mlflow.post("runs/log-metric", run_id=run, **point("late", 1.0))
    again = mlflow.post("runs/update", run_uuid=run, status=1, run_name="b")["run_info"]
    assert (again["status"], again["run_name"]) == ("RUNNING", "b")


def test_the_latest_is_of_the_greatest_step_then_time_then_value(mlflow: Mlflow) -> None:
    run = mlflow.run()
    for step, timestamp, value in ((2, 1, 0.5), (1, 9, 0.1), (2, 1, 0.7), (2, 1, NAN)):
        mlflow.post("runs/log-metric", run_id=run, **point("loss", value, step, timestamp))
    assert mlflow.data(run, "metrics") == {"loss": 0.7}


def test_what_is_not_finite_comes_back_as_it_was(mlflow: Mlflow) -> None:
    run = mlflow.run()
    mlflow.post("runs/log-batch", run_id=run, metrics=[point("a", NAN), point("b", INF), point("c", "-Infinity")])
    assert mlflow.data(run, "metrics") == {"a": NAN, "b": INF, "c": "-Infinity"}


def test_what_is_sent_again_is_there_once(mlflow: Mlflow) -> None:
    run = mlflow.run()
    batch = [point("loss", 0.5, 1, 10), point("loss", 0.25, 2, 11), point("acc", NAN, 2, 11)]
    for _ in range(3):
        mlflow.post("runs/log-batch", run_id=run, metrics=batch, params=[{"key": "lr", "value": "0.1"}])
        mlflow.post("runs/log-metric", run_id=run, **point("z", 1.5, 3, 12))
    history = mlflow.get("metrics/get-history", run_id=run, metric_key="loss")["metrics"]
    assert [(each["step"], each["value"]) for each in history] == [(1, 0.5), (2, 0.25)]
    assert len(mlflow.get("metrics/get-history", run_id=run, metric_key="acc")["metrics"]) == 1
    assert len(mlflow.get("metrics/get-history", run_id=run, metric_key="z")["metrics"]) == 1


def test_a_history_is_by_time_and_comes_in_pages(mlflow: Mlflow) -> None:
    run = mlflow.run()
    points = [point("loss", step / 8, step, 100 - step) for step in range(7)]
    mlflow.post("runs/log-batch", run_id=run, metrics=points)
    found, token = [], ""
    while True:
        page = mlflow.get("metrics/get-history", run_id=run, metric_key="loss", max_results=3, page_token=token)
        found += [each["step"] for each in page["metrics"]]
        token = page.get("next_page_token", "")
        if not token:
            break
    assert found == [6, 5, 4, 3, 2, 1, 0]
    assert mlflow.get("metrics/get-history", run_id=run, metric_key="no") == {}
    assert mlflow.get("metrics/get-history", run_id="0" * 32, metric_key="no") == {}
    bulk = mlflow.get("metrics/get-history-bulk-interval", run_ids=[run], metric_key="loss", max_results=3)["metrics"]
    assert [each["timestamp"] for each in bulk] == [94, 97, 100]
    assert {each["run_id"] for each in bulk} == {run}


def test_a_param_never_changes(mlflow: Mlflow) -> None:
    run = mlflow.run()
    mlflow.post("runs/log-parameter", run_id=run, key="lr", value="0.1")
    mlflow.post("runs/log-parameter", run_id=run, key="lr", value="0.1")
    refused = mlflow.post("runs/log-parameter", 400, run_id=run, key="lr", value="0.2")
    assert refused["error_code"] == "INVALID_PARAMETER_VALUE"
    assert "Changing param values is not allowed" in refused["message"]
    mlflow.post(
        "runs/log-batch", 400, run_id=run, params=[{"key": "lr", "value": "1"}], metrics=[point("unwritten", 1.0)]
    )
    assert mlflow.data(run, "metrics") == {}
    mlflow.post("runs/log-parameter", run_id=run, key="long", value="x" * 7000)
    assert len(mlflow.data(run, "params")["long"]) == 6000


def test_tags_come_and_go(mlflow: Mlflow) -> None:
    run = mlflow.run(run_name="a")
    mlflow.post("runs/set-tag", run_id=run, key="k", value="v")
    mlflow.post("runs/set-tag", run_id=run, key="mlflow.runName", value="b")
    assert mlflow.data(run, "tags") == {"mlflow.runName": "b", "k": "v"}
    mlflow.post("runs/delete-tag", run_id=run, key="k")
    refused = mlflow.post("runs/delete-tag", 404, run_id=run, key="k")
    assert refused["message"] == f"No tag with name: k in run with id {run}"


def test_a_deleted_one_is_read_and_not_written(mlflow: Mlflow) -> None:
    experiment = mlflow.experiment()
    run = mlflow.run(experiment_id=experiment)
    for _ in range(2):
        mlflow.post("runs/delete", run_id=run)
    assert mlflow.get("runs/get", run_id=run)["run"]["info"]["lifecycle_stage"] == "deleted"
    for path, fields in (
        ("log-metric", point("a", 1.0)),
        ("log-batch", {"metrics": [point("a", 1.0)]}),
        ("set-tag", {"key": "a", "value": "b"}),
        ("update", {"status": "FAILED"}),
    ):
        assert "must be in the 'active' state" in mlflow.post(f"runs/{path}", 400, run_id=run, **fields)["message"]
    assert mlflow.post("runs/search", experiment_ids=[experiment]) == {}
    found = mlflow.post("runs/search", experiment_ids=[experiment], run_view_type="DELETED_ONLY")["runs"]
    assert [each["info"]["run_id"] for each in found] == [run]
    for _ in range(2):
        mlflow.post("runs/restore", run_id=run)
    mlflow.post("runs/log-metric", run_id=run, **point("a", 1.0))


def test_they_are_found_in_order_and_in_pages(mlflow: Mlflow) -> None:
    experiment = mlflow.experiment()
    made = []
    for number in range(5):
        made.append(mlflow.run(experiment_id=experiment, start_time=number + 1))
        mlflow.post("runs/log-metric", run_id=made[-1], **point("loss", NAN if number == 4 else number / 8))
    found: list[str] = []
    token = ""
    while True:
        asked = {"filter": "attributes.start_time > 1", "order_by": ["metrics.loss DESC"], "page_token": token}
        page = mlflow.post("runs/search", experiment_ids=[experiment], max_results=2, **asked)
        found += [each["info"]["run_id"] for each in page["runs"]]
        token = page.get("next_page_token", "")
        if not token:
            break
    assert found == [made[3], made[2], made[1], made[4]]
    assert mlflow.post("runs/search", experiment_ids=[]) == {}


def test_inputs_and_outputs(mlflow: Mlflow) -> None:
    run = mlflow.run()
    used = {
        "dataset": {"name": "train", "digest": "1a", "source_type": "local", "source": "x.csv", "schema": "{}"},
        "tags": [{"key": "mlflow.data.context", "value": "training"}],
    }
    for _ in range(2):
        mlflow.post("runs/log-inputs", run_id=run, datasets=[used], models=[{"model_id": "m-1"}])
    mlflow.post("runs/outputs", run_id=run, models=[{"model_id": "m-2", "step": 3}])
    mlflow.post("runs/outputs", 400, run_id=run, models=[{"model_id": "m-2", "step": 3}])
    found = mlflow.get("runs/get", run_id=run)["run"]
    assert found["inputs"] == {"dataset_inputs": [used], "model_inputs": [{"model_id": "m-1"}]}
    assert found["outputs"] == {"model_outputs": [{"model_id": "m-2", "step": 3}]}


@pytest.mark.parametrize(
    ("path", "fields", "status", "message"),
    [
        ("log-metric", {"value": 1, "timestamp": 1}, 400, "Missing value for required parameter 'key'."),
        ("log-metric", {"key": "a", "timestamp": 1}, 400, "Missing value for required parameter 'value'."),
        ("log-metric", {"key": "a", "value": 1}, 400, "Missing value for required parameter 'timestamp'."),
        ("log-metric", {"key": 31, "value": 1, "timestamp": 1}, 400, "Invalid value 31 for parameter 'key' supplied"),
        ("log-metric", point("a", "much"), 400, "Invalid value \"much\" for parameter 'value' supplied"),
        ("log-metric", {**point("a", 1), "value": True}, 400, "Invalid value true for parameter 'value' supplied"),
        ("log-metric", point("a(b)", 1), 400, "Invalid value \"a(b)\" for parameter 'key' supplied"),
        ("log-metric", point("../a", 1), 400, "shortest form"),
        ("log-metric", point("a//b", 1), 400, "shortest form"),
        ("log-metric", point("a" * 251, 1), 400, "exceeds the maximum length of 250"),
        ("log-metric", point("a", 1, timestamp=-1), 400, "parameter 'timestamp'"),
        ("log-metric", point("a", 1, step=2**63), 400, "'step'"),
        ("log-metric", {**point("a", 1), "dataset_name": "x"}, 400, "together"),
        ("log-parameter", {"key": "a", "value": 5}, 400, "Invalid value 5 for parameter 'value' supplied"),
        ("log-batch", {"metrics": [point("a", 1)] * 1001}, 400, "at most 1000 metrics"),
        ("log-batch", {"params": [{"key": "a", "value": "1"}] * 2}, 400, "Duplicate param key 'a'"),
        ("log-batch", {"metrics": "foo"}, 400, "Invalid value \"foo\" for parameter 'metrics' supplied"),
        (
            "log-batch",
            {"metrics": [point("a", 1), {"key": "b", "value": 2.5}]},
            400,
            "Missing value for required parameter 'metrics[1].timestamp'",
        ),
        ("log-batch", {"metrics": [{"key": "a", "value": {}, "timestamp": 1}]}, 400, "Invalid value {}"),
        ("update", {"status": "DONE"}, 400, "Invalid value \"DONE\" for parameter 'status' supplied"),
        ("update", {"status": 9}, 400, "for parameter 'status' supplied"),
    ],
)
def test_what_cannot_be_is_refused(
    mlflow: Mlflow, path: str, fields: dict[str, object], status: int, message: str
) -> None:
    assert message in mlflow.post(f"runs/{path}", status, run_id=mlflow.run(), **fields)["message"]


def test_one_that_is_not_there_is_404(mlflow: Mlflow) -> None:
    nobody = "0" * 32
    for path, fields in (("log-metric", point("a", 1)), ("set-tag", {"key": "a", "value": "b"}), ("delete", {})):
        refused = mlflow.post(f"runs/{path}", 404, run_id=nobody, **fields)
        assert refused == {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": f"Run with id={nobody} not found"}
    mlflow.get("runs/get", 404, run_id=nobody)


def test_fields_are_read_as_protobufs_json_is(mlflow: Mlflow) -> None:
    run = mlflow.run()
    mlflow.post("runs/log-metric", runId=run, key="a", value="1.5", timestamp="7", step="2", unknown=[1], modelId=None)
    history = mlflow.get("metrics/get-history", run_id=run, metric_key="a")["metrics"]
    assert history == [{"key": "a", "value": 1.5, "timestamp": 7, "step": 2}]
