"""What the searching suite is given, what it holds answers to, and that wrong ones end it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

import tracker
from benchmarks.peers import given
from benchmarks.peers.given import GivenModel, Shape
from benchmarks.programs import Failed, run
from benchmarks.searching import filters, fronts, hand_sql, seeds, stores
from benchmarks.searching.clock import in_turns, require, spread
from benchmarks.searching.judge import Judge
from benchmarks.setting import Setting

MODELS = 300


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stores") / "models"
    stores.fill_models(folder, Shape(MODELS))
    return folder


def test_everybody_is_given_the_same_models() -> None:
    shape = Shape(MODELS)
    first, again = list(given.models(shape)), list(given.models(shape))
    assert first == again
    assert len({model.model_id for model in first}) == len({model.metrics["accuracy"] for model in first}) == MODELS
    # The first models of many are those of few.
    assert first[:100] == list(given.models(Shape(100)))


def test_configurations_have_seeds_and_a_learning_rate_of_their_own() -> None:
    shape = given.beside_peers(1000)
    runs = [run.params for run in given.runs(shape)]
    assert (shape.runs, shape.configurations) == (500, 100)
    assert len({params["lr"] for params in runs}) == 100
    groups = [{**params, "seed": 0} for params in runs]
    assert all(groups.count(group) == 5 for group in groups[:10])
    assert len({tuple(params.items()) for params in runs}) == 500


def test_the_store_has_what_was_given(store: Path) -> None:
    models = {model.model_id: model for model in given.models(Shape(MODELS))}
    runs = list(given.runs(Shape(MODELS)))
    with tracker.open(store, create=False) as opened:
        found = opened.search_logged_models(max_results=1000)
        assert [model.model_id for model in found] == list(reversed(models))
        for model in found:
            wanted = models[model.model_id]
            measured = {(each.key, each.dataset): each.value for each in model.measurements}
            on_both = {(key, stores.VALIDATION.ref): value for key, value in wanted.metrics.items()}
            if wanted.held_out is not None:
                on_both["accuracy", stores.HELD_OUT] = wanted.held_out
            assert measured == on_both
            assert model.params == runs[wanted.run].params
            assert (model.step, model.status) == (wanted.step, "READY")
        assert {model.tags.get("seen") for model in found} == {None, "yes"}
        assert {each.status for each in opened.search_runs()} == {"FINISHED"}


def test_sql_by_hand_finds_the_best(store: Path) -> None:
    where = ("accuracy", given.DATASET, given.DIGEST)
    with closing(hand_sql.connect(stores.database(store))) as connection:
        bare, told = hand_sql.bare(connection, *where), hand_sql.top(connection, *where)
    best = sorted(given.models(Shape(MODELS)), key=lambda model: -model.metrics["accuracy"])[:5]
    assert [row[:2] for row in bare] == [(model.model_id, model.metrics["accuracy"]) for model in best]
    assert [row["model_id"] for row in told] == [model.model_id for model in best]
    assert [len(row["metrics"]) for row in told] == [4 + (model.held_out is not None) for model in best]


def test_a_question_about_other_models_has_no_answer(store: Path) -> None:
    with pytest.raises(Failed, match="the answer is wrong"):
        run("searching.filters", models=MODELS + 50, folder=store, rounds=1)


def test_a_wrong_answer_says_what_and_why() -> None:
    require([1, 2], [1, 2], "the best")
    with pytest.raises(SystemExit, match=r"the best: the answer is wrong: \[2, 1\] instead of \[1, 2\]"):
        require([2, 1], [1, 2], "the best")


def test_the_judge_knows_who_passes() -> None:
    shape = Shape(MODELS)
    judge, models, runs = Judge(shape), list(given.models(shape)), list(given.runs(shape))
    below = runs[0].params["lr"]

    def best(passing: list[GivenModel]) -> list[str]:
        return [model.model_id for model in sorted(passing, key=lambda model: -model.metrics["accuracy"])][:5]

    equal = [model for model in models if runs[model.run].params["lr"] == below]
    assert judge.top("accuracy", 5, judge.is_param("lr", below)) == best(equal)
    low = [model for model in models if model.metrics["accuracy"] < 0.5 or (model.held_out or 1) < 0.5]
    assert judge.top("accuracy", 5, filters.is_worse(judge, 0.5)) == best(low)
    assert judge.top("accuracy", 5) == best(models)


def test_the_front_is_what_nobody_beats() -> None:
    generator = np.random.default_rng(7)
    for size in (1, 2, 10, 200):
        # Few different values, so that many are equal, but no two in everything.
        costs = np.unique(generator.integers(0, 12, (size, 3)), axis=0).astype(float)
        generator.shuffle(costs)
        beaten = [any((other <= one).all() and (other < one).any() for other in costs) for one in costs]
        found = fronts.front([*costs.T])
        assert sorted(found) == [place for place, is_beaten in enumerate(beaten) if not is_beaten]
        assert [costs[place][0] for place in found] == sorted(costs[place][0] for place in found)


def test_groups_of_seeds_are_judged_by_their_lower_bound() -> None:
    def model(value: float) -> GivenModel:
        return GivenModel("m", 0, 0, 0, {"accuracy": value}, None)

    # Two seeds: mean 0.8, standard error 0.1, t with one degree of freedom.
    assert seeds.lower_bound([model(0.7), model(0.9)]) == pytest.approx(0.8 - 6.313751515 * 0.1)
    shape = given.beside_peers(100)
    best = seeds.best_groups(shape)
    assert len(set(best)) == 5
    runs = {model.model_id: model.run % shape.configurations for model in given.models(shape)}
    assert len({runs[model_id] for model_id in best}) == 5


def test_a_shared_folder_is_filled_once(tmp_path: Path) -> None:
    setting = Setting(points=1, rounds=1, large=1, seconds=0.1, models=1, trials=1, folder=tmp_path, peers=None)
    filled: list[Path] = []

    def fill(folder: Path) -> None:
        folder.mkdir()
        filled.append(folder)

    assert setting.shared("one", fill) == setting.shared("one", fill) == tmp_path / "one"
    assert len(filled) == 1

    def fail(folder: Path) -> None:
        fill(folder)
        raise Failed("no room")

    with pytest.raises(Failed):
        setting.shared("two", fail)
    assert not (tmp_path / "two").exists()
    # What is left of the first try is not filled further.
    assert setting.shared("two", fill) == tmp_path / "two"


def test_turns_are_taken_and_spread() -> None:
    calls: list[str] = []
    took = in_turns({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, 3)
    assert calls == ["a", "b"] * 4
    assert {name: len(times) for name, times in took.items()} == {"a": 3, "b": 3}
    assert spread([1.0, 2.0, 3.0]) == {"times": 3, "p50": 2.0, "p90": 2.8, "p99": 2.98, "max": 3.0}
