"""pandas, Polars and Arrow are given the same tables: each is judged by the others and by the dataclasses."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tracker
from tracker.entities import Experiment, ModelInfo, RunInfo, RunStatus
from tracker.errors import MissingExtra
from tracker.tables import Page

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# What pandas keeps texts as, by its version.
TEXT = "str" if int(pd.__version__.partition(".")[0]) >= 3 else "object"
# Up to the end of the year 9999, which Python's own times reach.
times = st.integers(0, 253_402_300_799_999)
whole = st.integers(-(2**63), 2**63 - 1)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)
names = st.sampled_from(["a", "b", "a.b", "é x", "@", "metrics"])
params = st.one_of(
    st.dictionaries(names, whole, max_size=3),
    st.dictionaries(names, st.floats(allow_nan=False, allow_infinity=False), max_size=3),
    st.dictionaries(names, st.booleans() | texts | st.none() | st.lists(whole, max_size=2), max_size=3),
)
runs = st.builds(
    RunInfo,
    run_id=texts,
    name=texts,
    experiment_id=texts,
    experiment=texts,
    parent_run_id=st.none() | texts,
    status=st.sampled_from(RunStatus),
    start_time=times,
    end_time=st.none() | times,
    params=params,
    tags=st.dictionaries(names, texts, max_size=3),
    metrics=st.dictionaries(names, st.floats(), max_size=3),
)


def time(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else EPOCH + timedelta(milliseconds=milliseconds)


def expected(found: Sequence[RunInfo]) -> dict[str, list[object]]:
    """Make the same table by another way: from the dataclasses, cell by cell."""
    table: dict[str, list[object]] = {
        "run_id": [run.run_id for run in found],
        "name": [run.name for run in found],
        "experiment_id": [run.experiment_id for run in found],
        "experiment": [run.experiment for run in found],
        "parent_run_id": [run.parent_run_id for run in found],
        "status": [run.status.value for run in found],
        "start_time": [time(run.start_time) for run in found],
        "end_time": [time(run.end_time) for run in found],
        "user_id": [run.user_id for run in found],
        "lifecycle_stage": [run.lifecycle_stage for run in found],
        "artifact_uri": [run.artifact_uri for run in found],
    }
    table |= family("metrics", [run.metrics for run in found])
    logged = family("params", [run.params for run in found])
    table |= {name: one_type(values) for name, values in logged.items()}
    return table | family("tags", [run.tags for run in found])


def family(prefix: str, mappings: Sequence[Mapping[str, object]]) -> dict[str, list[object]]:
    keys = sorted(set().union(*mappings))
    return {f"{prefix}.{key}": [mapping.get(key) for mapping in mappings] for key in keys}


def one_type(values: list[object]) -> list[object]:
    kinds = {type(value) for value in values} - {type(None)}
    if kinds in ({int}, {float}, {bool}):
        return values
    if kinds == {int, float}:
        # Made of integers and floats, it is of floats if that loses nothing.
        floats = [float(value) if isinstance(value, int | float) else None for value in values]
        if all(value is None or value == number for value, number in zip(values, floats, strict=True)):
            return list(floats)
    return [None if value is None else str(value) for value in values]


def same(one: object, other: object) -> bool:
    """Compare values to the bit and the type; NaN is NaN."""
    if isinstance(one, float) and isinstance(other, float):
        return (math.isnan(one) and math.isnan(other)) or (
            one == other and math.copysign(1, one) == math.copysign(1, other)
        )
    return type(one) is type(other) and one == other


def assert_same(table: Mapping[str, Sequence[object]], wanted: Mapping[str, Sequence[object]]) -> None:
    assert list(table) == list(wanted)
    for name, values in wanted.items():
        assert len(table[name]) == len(values)
        wrong = [pair for pair in zip(table[name], values, strict=True) if not same(*pair)]
        assert not wrong, name


def of_pandas(frame: pd.DataFrame) -> dict[str, list[object]]:
    """Take a frame apart as its users would: what `isna` says is missing."""
    return {
        str(name): [
            None if missing else value.to_pydatetime() if isinstance(value, pd.Timestamp) else value
            for value, missing in zip(frame[name].astype(object), frame[name].isna(), strict=True)
        ]
        for name in frame.columns
    }


@given(st.lists(runs, max_size=5))
def test_the_libraries_agree_with_each_other_and_the_dataclasses(found: list[RunInfo]) -> None:
    page = Page(found, of=RunInfo)
    wanted = expected(found)
    assert_same(page.to_polars().to_dict(as_series=False), wanted)
    assert_same(page.to_arrow().to_pydict(), wanted)
    # NaN is pandas' word for what is missing.
    without_nan = {
        name: [None if isinstance(value, float) and math.isnan(value) else value for value in values]
        for name, values in wanted.items()
    }
    assert_same(of_pandas(page.to_pandas()), without_nan)


@given(st.lists(runs, max_size=3))
def test_the_libraries_read_each_other(found: list[RunInfo]) -> None:
    page = Page(found, of=RunInfo)
    assert pl.from_arrow(page.to_arrow()).equals(page.to_polars())  # type: ignore[arg-type]  # a table, so a frame
    assert pl.from_pandas(page.to_pandas()).columns == page.to_polars().columns


def test_types() -> None:
    params: list[dict[str, object]] = [{"n": 1, "x": 0.5, "b": True, "k": 2}, {"x": 2, "k": 3}]
    metrics = [{}, {"loss": math.inf}]
    page = Page(
        [
            RunInfo("r", "", "1", "e", None, RunStatus.FINISHED, 1, None, logged, {}, measured)
            for logged, measured in zip(params, metrics, strict=True)
        ]
    )
    kinds = page.to_pandas().dtypes.astype(str).to_dict()
    assert kinds["start_time"] == kinds["end_time"] == "datetime64[ms, UTC]"
    assert kinds["run_id"] == kinds["parent_run_id"] == TEXT
    assert (kinds["metrics.loss"], kinds["params.x"]) == ("float64", "float64")
    assert (kinds["params.n"], kinds["params.k"], kinds["params.b"]) == ("Int64", "int64", "boolean")
    schema = page.to_polars().schema
    assert schema["end_time"] == pl.Datetime("ms", "UTC")
    assert schema["params.n"] == pl.Int64
    assert schema["params.b"] == pl.Boolean
    assert schema["parent_run_id"] == pl.String
    assert page.to_arrow().schema.field("end_time").type == pa.timestamp("ms", tz="UTC")
    assert page.to_arrow().schema.field("parent_run_id").type == pa.string()


@pytest.mark.parametrize("entity", [RunInfo, ModelInfo, Experiment])
def test_an_empty_page_has_the_same_columns_and_types(entity: type[RunInfo]) -> None:
    page: Page[RunInfo] = Page(of=entity)
    assert page.to_arrow().num_rows == len(page.to_pandas()) == len(page.to_polars()) == 0
    assert page.to_arrow().schema.names == list(page.to_pandas().columns) == page.to_polars().columns
    assert pl.from_arrow(page.to_arrow()).schema == page.to_polars().schema  # type: ignore[union-attr]  # a table
    assert str(page.to_pandas().dtypes["name"]) == TEXT


def test_what_is_of_nothing_is_an_empty_table() -> None:
    page: Page[RunInfo] = Page()
    assert page.to_pandas().shape == page.to_polars().shape == page.to_arrow().shape == (0, 0)


@pytest.mark.parametrize(
    ("module", "method", "line"),
    [
        ("pandas", "to_pandas", "pandas is not installed; run: pip install 'sweeps-tracker[pandas]'"),
        ("polars", "to_polars", "polars is not installed; run: pip install 'sweeps-tracker[polars]'"),
        ("pyarrow", "to_arrow", "pyarrow is not installed; run: pip install 'sweeps-tracker[arrow]'"),
    ],
)
def test_an_absent_library_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, module: str, method: str, line: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtra) as caught:
        getattr(Page([], of=RunInfo), method)()
    assert str(caught.value) == line


def test_nothing_is_loaded_before_it_is_asked_for() -> None:
    program = "import tracker.client, tracker.tables, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert {"pandas", "polars", "pyarrow"}.isdisjoint(done.stdout.split())


def test_searches_give_out_tables(store: Path) -> None:
    validation = tracker.Dataset("validation", "a1")
    with tracker.open(store) as opened:
        with opened.start_run("e", name="one", params={"lr": 0.1}) as run:
            run.log({"loss": 0.5}, step=3)
            model = run.log_model("net", lambda folder: (folder / "w").write_bytes(b"w"), step=3)
            model.log({"acc": 0.9}, dataset=validation)
        found = opened.search_runs()
        frame = found.to_pandas()
        assert frame["params.lr"].tolist() == [0.1]
        assert frame["start_time"].dt.year.item() == datetime.now(UTC).year
        assert found.to_polars().row(0, named=True)["run_id"] == run.run_id
        models = opened.search_logged_models(datasets=[{"dataset_name": "validation"}])
        assert models.to_polars().select("model_id", "step", "metrics.acc").rows() == [(model.model_id, 3, 0.9)]
        # What this object has logged is in its table at once, as in its `metrics`.
        models[0].log({"acc": 0.1})
        assert models.to_arrow().select(["metrics.acc"]).to_pylist() == [{"metrics.acc": 0.9}]
        again = tracker.Page(models, of=tracker.ModelInfo)
        assert "metrics.acc@validation" not in again.to_pandas()
        nothing = opened.search_runs(filter_string="run_name = 'absent'")
        assert nothing.to_arrow().schema.names[:2] == ["run_id", "name"]
        assert opened.search_logged_models(filter_string="name = 'absent'").to_polars().columns[0] == "model_id"
