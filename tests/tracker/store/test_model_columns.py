"""Columns of what is ranked: to bytes and back, in any pieces, and damage is seen."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.errors import StoreError
from tracker.ranking import NO_STEP
from tracker.store.model_columns import (
    CHUNK,
    ModelColumns,
    ScoreColumns,
    decode_models,
    decode_scores,
    encode_models,
    encode_scores,
    joined_models,
    joined_scores,
    model_columns,
    score_columns,
)

NUMBERS = st.lists(st.integers(0, 3 * CHUNK - 1), unique=True, max_size=20).map(sorted)
VALUES = st.floats() | st.sampled_from([math.nan, math.inf, -math.inf, -0.0])
INT64 = st.integers(-(2**63), 2**63 - 1)


def pieces_of(scores: ScoreColumns) -> list[tuple[int, bytes]]:
    chunks = scores.model_nos // CHUNK
    found = []
    for chunk in np.unique(chunks).tolist():
        inside = chunks == chunk
        part = ScoreColumns(scores.model_nos[inside], scores.values[inside])
        found.append((chunk, encode_scores(chunk, part)))
    return found


@given(numbers=NUMBERS, data=st.data())
def test_values_come_back_to_the_bit_whatever_the_order_of_the_pieces(numbers: list[int], data: st.DataObject) -> None:
    values = data.draw(st.lists(VALUES, min_size=len(numbers), max_size=len(numbers)))
    scores = ScoreColumns(np.array(numbers, np.int64), np.array(values, np.float64))
    found = decode_scores(data.draw(st.permutations(pieces_of(scores))))
    assert found.model_nos.tolist() == numbers
    assert found.values.tobytes() == scores.values.tobytes()


@given(rows=st.lists(st.tuples(INT64, INT64, st.none() | INT64, INT64), max_size=20))
def test_facts_come_back(rows: list[tuple[int, int, int | None, int]]) -> None:
    models = model_columns([(CHUNK + place, *row) for place, row in enumerate(rows)])
    found = decode_models([(1, encode_models(1, models))])
    assert [column.tolist() for column in found.columns] == [column.tolist() for column in models.columns]
    assert found.steps.tolist() == [NO_STEP if row[2] is None else row[2] for row in rows]


@given(held=st.dictionaries(st.integers(0, 30), VALUES), asked=st.sets(st.integers(0, 30)).map(sorted))
def test_values_are_found_by_the_numbers_of_models(held: dict[int, float], asked: list[int]) -> None:
    scores = score_columns(sorted((number, None if math.isnan(value) else value) for number, value in held.items()))
    values, there = scores.of(np.array(asked, np.int64))
    assert there.tolist() == [number in held for number in asked]
    assert [str(value) for value in values] == [str(np.float64(held.get(number, math.nan))) for number in asked]


@given(numbers=NUMBERS, cut=st.integers(0, 20))
def test_parts_are_put_together_by_rising_number(numbers: list[int], cut: int) -> None:
    late, early = numbers[cut:], numbers[:cut]
    parts = [score_columns((number, float(number)) for number in some) for some in (late, early)]
    whole = joined_scores(parts)
    assert whole.model_nos.tolist() == numbers == whole.values.astype(int).tolist()
    models = joined_models([model_columns((number, 1, 2, 3, number) for number in some) for some in (late, early)])
    assert models.model_nos.tolist() == numbers == models.params_hashes.tolist()


def test_some_of_the_models_can_be_chosen() -> None:
    models = model_columns([(1, 2, 3, None, 4), (5, 6, 7, 8, 9)])
    chosen = models.where(np.array([False, True]))
    assert isinstance(chosen, ModelColumns)
    assert [column.tolist() for column in chosen.columns] == [[5], [6], [7], [8], [9]]


@pytest.mark.parametrize("place", range(0, 34, 3))
def test_a_flipped_bit_and_a_missing_byte_are_seen(place: int) -> None:
    data = bytearray(encode_scores(0, score_columns([(1, 0.5), (2, None), (3, -1.0)])))
    assert len(decode_scores([(0, bytes(data))]).values) == 3
    with pytest.raises(StoreError, match="checkpoints 0 and up are damaged"):
        decode_scores([(0, bytes(data[:-1]))])
    data[place] ^= 4
    with pytest.raises(StoreError, match="damaged"):
        decode_scores([(0, bytes(data))])
