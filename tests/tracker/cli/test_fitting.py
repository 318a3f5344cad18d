"""Which columns a table has room for, and how its cells read."""

from __future__ import annotations

import math

import pytest

from tracker.cli.fitting import Choice, cells, fitting, heading, headings
from tracker.cli.manners import ago, as_iso
from tracker.tables import Column, ColumnType

TEXT, NUMBER, TIME = ColumnType.TEXT, ColumnType.NUMBER, ColumnType.TIME
RUN_ID = Column("run_id", TEXT, ["a" * 32, "b" * 32])
NAME = Column("name", TEXT, ["one", "two"])
STATUS = Column("status", TEXT, ["FINISHED", "FINISHED"])
STARTED = Column("start_time", TIME, [0, 60_000])
ACC = Column("metrics.acc", NUMBER, [0.5, 0.25])
LOSS = Column("metrics.loss", NUMBER, [1, math.nan])
SAME = Column("metrics.same", NUMBER, [1, 1])
LR = Column("params.lr", NUMBER, [0.1, 0.01])
NOTE = Column("tags.note", TEXT, ["x", "y"])
ALL = [RUN_ID, NAME, STATUS, STARTED, ACC, LOSS, SAME, LR, NOTE]
RUNS = Choice("run_id", first=("name", "status"), later=("start_time",))


def names(width: int, choice: Choice = RUNS) -> list[str]:
    chosen, left_out = fitting(ALL, choice, width, now=120_000)
    assert len(chosen) + left_out == 8 + any("tags" in text for text in choice.mentioned)
    return [column.name for column in chosen]


def test_where_there_is_room_all_is_shown_but_tags() -> None:
    assert names(240) == [column.name for column in ALL[:-1]]


def test_what_tells_rows_apart_goes_before_what_is_always_the_same() -> None:
    assert names(80) == ["run_id", "name", "start_time", "metrics.acc", "metrics.loss", "params.lr"]


def test_the_key_is_there_however_little_room() -> None:
    assert names(10) == ["run_id"]


@pytest.mark.parametrize("text", ["metrics.same > 3", "tags.note = 'x' AND metrics.same<1", "metrics.same DESC"])
def test_what_a_filter_or_an_order_speaks_of_goes_first(text: str) -> None:
    choice = Choice("run_id", ("name",), ("status", "start_time"), mentioned=[text])
    assert "metrics.same" in names(44, choice)
    assert ("tags.note" in names(240, choice)) == ("tags" in text)


@pytest.mark.parametrize("text", ["metrics.same_too > 1", "xmetrics.same > 1"])
def test_another_name_that_looks_like_it_is_not_meant(text: str) -> None:
    assert "metrics.same" not in names(60, Choice("run_id", ("name",), ("status", "start_time"), mentioned=[text]))


def test_a_table_is_never_wider_than_its_room() -> None:
    for width in range(32, 120):
        chosen, _ = fitting(ALL, RUNS, width, now=120_000)
        lines = [[heading(each.name, 0), *cells(each, 120_000)] for each in chosen]
        assert sum(max(len(line) for text in texts for line in text.split("\n")) + 2 for texts in lines) - 2 <= width


@pytest.mark.parametrize(
    ("name", "width", "lines"),
    [
        ("run_id", 32, ["run_id"]),
        ("metrics.acc", 3, ["metrics.", "acc"]),
        ("metrics.accuracy_train", 5, ["metrics.", "accuracy_", "train"]),
        ("metrics.accuracy_train", 14, ["metrics.", "accuracy_train"]),
        ("metrics.acc@validation", 8, ["metrics.", "acc@", "validation"]),
        ("params.a.b", 3, ["params.", "a.b"]),
        ("creation_timestamp", 9, ["creation_", "timestamp"]),
        ("tags.two words", 3, ["tags.", "two words"]),
    ],
)
def test_a_heading_is_folded_to_the_width_of_its_cells(name: str, width: int, lines: list[str]) -> None:
    assert heading(name, width).split("\n") == lines
    assert "".join(lines) == name


def test_headings_are_folded_only_where_they_must_be() -> None:
    names, widths = ["name", "metrics.accuracy_train"], [6, 8]
    assert headings(names, widths, 30) == names
    assert headings(names, widths, 29) == ["name", "metrics.\naccuracy_\ntrain"]
    assert headings([], [], 80) == []


def test_cells() -> None:
    assert cells(Column("metrics.x", NUMBER, [1 / 3, None, math.nan, -math.inf]), 0) == ["0.333333", "", "nan", "-inf"]
    assert cells(Column("end_time", TIME, [0, 90_000, None]), 90_000) == ["2 min ago", "0 s ago", ""]
    assert cells(Column("name", TEXT, ["x" * 30, "\x1b[31m", None]), 0) == ["x" * 23 + "…", " [31m", ""]
    assert cells(Column("name", TEXT, ["x" * 30]), 0, longest=None) == ["x" * 30]
    assert cells(Column("model_id", TEXT, ["m-" + "0" * 32]), 0) == ["m-" + "0" * 32]
    assert cells(Column("params.b", ColumnType.TRUTH, [True, None]), 0) == ["True", ""]


def test_times_as_people_and_as_filters_read_them() -> None:
    assert ago(1_000, 1_400) == ago(5_000, 0) == "0 s ago"
    assert (ago(0, 90_000_000), ago(0, 7_200_000)) == ("1 d ago", "2 h ago")
    assert as_iso(0) == "1970-01-01T00:00:00.000Z"
    assert as_iso(1_700_000_000_123) == "2023-11-14T22:13:20.123Z"
    assert as_iso(10**18) == "1000000000000000000"
