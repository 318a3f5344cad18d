"""What becomes of results as columns: their names, their order and their types."""

from __future__ import annotations

from dataclasses import fields

import pytest

from tracker.entities import DatasetRef, Experiment, Measurement, ModelInfo, ModelStatus, RunInfo
from tracker.errors import InvalidInput
from tracker.filter import DatasetFilter
from tracker.tables import Column, ColumnType, Page, Rows, column_of
from tracker.tables.columns import ATTRIBUTES
from tracker.tables.measured import metric_columns

VALIDATION, HOLDOUT = DatasetRef("validation", "a1"), DatasetRef("holdout", "b2")
OTHER_VALIDATION = DatasetRef("validation", "c3")


def measured(
    key: str, value: float, dataset: DatasetRef | None = None, *, timestamp: int = 0, step: int = 0
) -> Measurement:
    return Measurement(key, value, step, timestamp, dataset, "r")


def model(*measurements: Measurement, params: dict[str, object] | None = None) -> ModelInfo:
    return ModelInfo("m-1", "net", "1", "r", None, ModelStatus.READY, "", 1, 2, params or {}, {}, measurements)


def shown(columns: list[Column]) -> dict[str, list[object]]:
    return {column.name: list(column.values) for column in columns}


@pytest.mark.parametrize("entity", ATTRIBUTES)
def test_every_attribute_of_a_dataclass_is_a_column(entity: type[RunInfo]) -> None:
    named = [each.name for each in fields(entity)]
    others = {"params", "tags", "metrics", "summaries", "measurements", "versions", "aliases"}
    assert list(ATTRIBUTES[entity]) == [name for name in named if name not in others]


def test_attributes_come_first_then_metrics_params_and_tags_by_name() -> None:
    info = ModelInfo(
        "m-1", "net", "1", "r", 3, ModelStatus.READY, "", 1, 2, {"b": 1, "a": 2}, {"z": "", "y": ""}, (
            measured("loss", 1), measured("acc", 2),
        ),
    )  # fmt: skip
    named = [column.name for column in Page([info]).columns()]
    assert named[:3] == ["model_id", "name", "experiment_id"]
    assert named[11:] == ["metrics.acc", "metrics.loss", "params.a", "params.b", "tags.y", "tags.z"]


@pytest.mark.parametrize(
    ("values", "kind", "kept"),
    [
        ([1, 2], ColumnType.WHOLE, [1, 2]),
        ([1, None], ColumnType.WHOLE, [1, None]),
        ([2**63 - 1, -(2**63)], ColumnType.WHOLE, [2**63 - 1, -(2**63)]),
        ([2**63], ColumnType.TEXT, ["9223372036854775808"]),
        ([1, 2.5, None], ColumnType.NUMBER, [1.0, 2.5, None]),
        ([2**53, 0.5], ColumnType.NUMBER, [2.0**53, 0.5]),
        ([2**53 + 1, 0.5], ColumnType.TEXT, ["9007199254740993", "0.5"]),
        ([2**70, 0.5], ColumnType.TEXT, ["1180591620717411303424", "0.5"]),
        ([True, None, False], ColumnType.TRUTH, [True, None, False]),
        ([True, 1], ColumnType.TEXT, ["True", "1"]),
        ([1, "x"], ColumnType.TEXT, ["1", "x"]),
        (["0.1", "2"], ColumnType.TEXT, ["0.1", "2"]),
        ([[1, "a"], {"b": None}], ColumnType.TEXT, ["[1, 'a']", "{'b': None}"]),
        ([None, None], ColumnType.TEXT, [None, None]),
        ([], ColumnType.TEXT, []),
    ],
)
def test_params_keep_their_type_where_all_have_one(values: list[object], kind: ColumnType, kept: list[object]) -> None:
    column = column_of("params.x", values)
    assert (column.type, list(column.values)) == (kind, kept)
    assert [type(value) for value in column.values] == [type(value) for value in kept]


def test_one_dataset_needs_no_column_of_its_own() -> None:
    columns = metric_columns([[measured("acc", 0.1, VALIDATION)], [measured("acc", 0.2, VALIDATION)], []], None)
    assert shown(columns) == {"metrics.acc": [0.1, 0.2, None]}


def test_of_several_datasets_each_has_a_column_and_the_plain_one_is_the_newest() -> None:
    rows = [
        [
            measured("acc", 0.1, VALIDATION, timestamp=5),
            measured("acc", 0.9, HOLDOUT, timestamp=4),
            measured("loss", 3),
        ],
        [measured("acc", 0.2, VALIDATION, timestamp=5), measured("acc", 0.8, HOLDOUT, timestamp=5, step=1)],
        [measured("acc", 0.3, VALIDATION)],
        [measured("acc", 0.7, timestamp=1), measured("acc", 0.4, VALIDATION)],
    ]
    assert shown(metric_columns(rows, None)) == {
        "metrics.acc": [0.1, 0.8, 0.3, 0.7],
        "metrics.acc@holdout": [0.9, 0.8, None, None],
        "metrics.acc@validation": [0.1, 0.2, 0.3, 0.4],
        "metrics.loss": [3, None, None, None],
    }


def test_the_plain_column_is_of_the_dataset_that_was_searched_by() -> None:
    rows = [
        [measured("acc", 0.1, VALIDATION, timestamp=1), measured("acc", 0.9, HOLDOUT, timestamp=2), measured("far", 1)],
        [measured("acc", 0.8, HOLDOUT)],
    ]
    found = shown(metric_columns(rows, DatasetFilter("validation")))
    assert found == {"metrics.acc": [0.1, None], "metrics.acc@holdout": [0.9, 0.8], "metrics.far": [1, None]}
    assert shown(metric_columns(rows, DatasetFilter("validation", "zz")))["metrics.acc"] == [0.9, 0.8]


def test_two_digests_of_one_name_are_told_apart() -> None:
    rows = [[measured("acc", 0.1, VALIDATION), measured("acc", 0.2, OTHER_VALIDATION), measured("acc", 0.3, HOLDOUT)]]
    named = [column.name for column in metric_columns(rows, None)]
    assert named == ["metrics.acc", "metrics.acc@holdout", "metrics.acc@validation@a1", "metrics.acc@validation@c3"]
    found = shown(metric_columns(rows, DatasetFilter("validation", "c3")))
    assert found == {"metrics.acc": [0.2], "metrics.acc@holdout": [0.3], "metrics.acc@validation@a1": [0.1]}


def test_a_metric_that_is_literally_named_so_goes_before() -> None:
    rows = [[measured("acc", 0.1, VALIDATION), measured("acc", 0.2, HOLDOUT), measured("acc@holdout", 7)]]
    assert shown(metric_columns(rows, None)) == {
        "metrics.acc": [0.1],
        "metrics.acc@validation": [0.1],
        "metrics.acc@holdout": [7],
    }


def test_only_the_fields_asked_for_in_their_order() -> None:
    page = Page([model(measured("acc", 1), measured("loss", 2), params={"n": 3})])
    assert shown(page.columns(["metrics.loss", "model_id", "params.absent", "metrics", "metrics.no", "model_id"])) == {
        "metrics.loss": [2],
        "model_id": ["m-1"],
        "params.absent": [None],
        "metrics.acc": [1],
        "metrics.no": [None],
    }
    narrow = Page(page, of=ModelInfo, fields=["params", "name"])
    assert shown(narrow.columns()) == {"params.n": [3], "name": ["net"]}
    assert shown(narrow.columns(["name"])) == {"name": ["net"]}


@pytest.mark.parametrize(
    ("field", "line"),
    [
        ("model", "no field 'model'; did you mean 'model_id'?"),
        ("start_time", "no field 'start_time'"),
        ("metric.acc", "no field 'metric.acc'; did you mean"),
        ("metrics.", "field 'metrics.' needs a name behind its dot"),
        ("", "no field ''"),
    ],
)
def test_a_field_that_there_cannot_be_is_refused(field: str, line: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Page([model(measured("acc", 1))]).columns([field])
    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("field", ["metrics", "params.x"])
def test_an_experiment_has_no_metrics_or_params_to_ask_for(field: str) -> None:
    page: Page[Experiment] = Page(of=Experiment)
    with pytest.raises(InvalidInput, match=f"no field '{field}'"):
        page.columns([field])


@pytest.mark.parametrize("entity", [RunInfo, ModelInfo, Experiment])
def test_no_results_are_a_table_with_the_attributes(entity: type[RunInfo]) -> None:
    page: Page[RunInfo] = Page(of=entity)
    assert shown(page.columns()) == {name: [] for name in ATTRIBUTES[entity]}
    assert page.columns(["tags.note"]) == [Column("tags.note", ColumnType.TEXT, [])]


def test_a_list_that_knows_more_of_its_rows_puts_that_first() -> None:
    class Numbered(Rows[ModelInfo]):
        def leading(self) -> list[Column]:
            return [Column("place", ColumnType.WHOLE, range(1, len(self) + 1))]

    numbered = Numbered([model(), model()], of=ModelInfo)
    assert [column.name for column in numbered.columns()][:2] == ["place", "model_id"]
    assert numbered.to_polars()["place"].to_list() == [1, 2]
    assert numbered.to_pandas()["place"].tolist() == [1, 2]
    assert numbered.to_arrow()["place"].to_pylist() == [1, 2]
    assert shown(numbered.columns(["name", "place"])) == {"name": ["net", "net"], "place": [1, 2]}
