"""`tracker runs` and `tracker models`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime

from ..client import LoggedModel, open_tracker
from ..entities import RunInfo
from .manners import pairs, write_json
from .terminal import print_csv, print_table

Row = Mapping[str, object]


def runs(arguments: argparse.Namespace) -> None:
    """List runs."""
    with open_tracker(arguments.store, create=False) as tracker:
        page = tracker.search_runs(
            experiment_names=arguments.experiments or None,
            filter_string=arguments.filter,
            order_by=arguments.order_by,
            max_results=arguments.top,
        )
    _show(arguments, [_run_row(run) for run in page], left_out={"tags", "started", "parent_run_id"})


def models(arguments: argparse.Namespace) -> None:
    """List logged models."""
    name, _, digest = (arguments.dataset or "").partition("@")
    wanted = {"dataset_name": name} | ({"dataset_digest": digest} if digest else {})
    with open_tracker(arguments.store, create=False) as tracker:
        page = tracker.search_logged_models(
            experiment_names=arguments.experiments or None,
            filter_string=arguments.filter,
            datasets=[wanted] if name else [],
            order_by=[_on_dataset(text, wanted) if name else text for text in arguments.order_by],
            max_results=arguments.top,
        )
        rows = [_model_row(model) for model in page]
    _show(arguments, rows, left_out={"tags", "run_id"})


def _on_dataset(text: str, dataset: Mapping[str, str]) -> str | Mapping[str, object]:
    """Let an order by a metric mean the dataset that is asked for."""
    field, _, direction = text.strip().partition(" ")
    if not field.startswith("metrics.") or direction.strip().lower() not in {"", "asc", "desc"}:
        return text
    return {"field_name": field, "ascending": direction.strip().lower() != "desc", **dataset}


def _run_row(run: RunInfo) -> Row:
    return {
        "run_id": run.run_id,
        "name": run.name,
        "experiment": run.experiment,
        "status": str(run.status),
        "started": _when(run.start_time),
        "parent_run_id": run.parent_run_id,
        "metrics": run.metrics,
        "params": run.params,
        "tags": run.tags,
    }


def _model_row(model: LoggedModel) -> Row:
    return {
        "model_id": model.model_id,
        "name": model.name,
        "run_id": model.run_id,
        "step": model.step,
        "status": str(model.status),
        "metrics": model.metrics,
        "params": model.params,
        "tags": model.tags,
    }


def _when(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def _show(arguments: argparse.Namespace, rows: Sequence[Row], left_out: AbstractSet[str]) -> None:
    """Print rows; a table leaves out what would make it too wide for most terminals."""
    if arguments.json:
        write_json(rows)
        return
    if arguments.csv:
        print_csv(*_columns([_flat(row) for row in rows]))
    elif rows:
        print_table("", *_columns([_folded(row, left_out) for row in rows]))
    else:
        print("nothing matches")


def _columns(rows: Sequence[Row]) -> tuple[list[str], list[list[object]]]:
    headings = list(dict.fromkeys(key for row in rows for key in row))
    return headings, [[row.get(heading) for heading in headings] for row in rows]


def _flat(row: Row) -> Row:
    """Give each metric and param a column of its own."""
    flat: dict[str, object] = {}
    for key, value in row.items():
        if isinstance(value, Mapping):
            flat.update({f"{key}.{inner}": each for inner, each in value.items()})
        elif value is not None:
            flat[key] = value
    return flat


def _folded(row: Row, left_out: AbstractSet[str]) -> Row:
    """Give all metrics one column, and all params one."""
    kept = {key: value for key, value in row.items() if key not in left_out}
    return {key: pairs(value) if isinstance(value, Mapping) else value for key, value in kept.items()}
