"""Slots and the line in virtual time: what was granted is added up again by itself, and held against the best."""

from __future__ import annotations

import heapq
import itertools
import math
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sweeps.slots import Capacity, Grant, Line, Need, Slots, find_capacity
from sweeps.slots.line import PASSES

Jobs = Sequence[tuple[Need, float]]


@dataclass(frozen=True)
class Started:
    number: int
    grant: Grant
    begin: float
    end: float


def simulate(jobs: Jobs, slots: Slots, ahead: int | None = None) -> list[Started]:
    """Run jobs of (need, seconds), of which at most `ahead` wait at a time, and return what started, in order."""
    line, started, now = Line(), list[Started](), 0.0
    running: list[tuple[float, int, Grant]] = []
    coming = iter(enumerate(jobs))
    while True:
        for number, (need, _) in itertools.islice(coming, None if ahead is None else ahead - len(line)):
            line.add(number, need)
        if found := line.next(slots):
            number, grant = found
            started.append(Started(number, grant, now, now + jobs[number][1]))
            heapq.heappush(running, (started[-1].end, number, grant))
        elif running:
            now, _, grant = heapq.heappop(running)
            slots.give(grant)
        else:
            assert len(line) == 0
            return started


def check_never_oversubscribed(started: Iterable[Started], capacity: Capacity, parallel: int | None) -> None:
    """Add up, at every start, all that runs then."""
    rows = list(started)
    for moment in rows:
        now = [row for row in rows if row.begin <= moment.begin < row.end]
        devices = Counter[str]()
        for row in now:
            for device, share in row.grant.gpus:
                devices[device] += round(share * 1000)
        assert all(sum_ <= 1000 and device in capacity.gpus for device, sum_ in devices.items())
        assert sum(Fraction(row.grant.need.cpu).limit_denominator(1000) for row in now) <= capacity.cpu
        assert not capacity.memory or sum(row.grant.need.memory for row in now) <= capacity.memory
        assert parallel is None or len(now) <= parallel


def check_granted_what_was_asked(started: Iterable[Started], jobs: Jobs) -> None:
    for row in started:
        need, shares = jobs[row.number][0], [share for _, share in row.grant.gpus]
        assert row.grant.need == need
        assert math.isclose(sum(shares), need.gpu, abs_tol=0.0005)
        assert len(dict(row.grant.gpus)) == len(shares) == (math.ceil(need.gpu) if need.gpu else 0)


def mixture(seed: int, longest: float) -> list[tuple[Need, float]]:
    dice = random.Random(seed)  # noqa: S311  # a simulation
    return [(Need(cpu=0, gpu=dice.choice([0.25, 0.5, 1, 2])), dice.uniform(1, longest)) for _ in range(200)]


class TestTwoHundredTrialsOnFourGpus:
    capacity = find_capacity({"SWEEPS_GPUS": "4", "PATH": ""})

    @pytest.mark.parametrize("longest", [3, 10, 100])
    @pytest.mark.parametrize("seed", range(10))
    def test_take_at_most_a_tenth_longer_than_the_best(self, seed: int, longest: float) -> None:
        jobs = mixture(seed, longest)
        started = simulate(jobs, Slots(self.capacity, None))
        assert sorted(row.number for row in started) == list(range(200))
        check_never_oversubscribed(started, self.capacity, None)
        check_granted_what_was_asked(started, jobs)
        # No order can be faster than all devices full all the time.
        best = sum(need.gpu * seconds for need, seconds in jobs) / 4
        assert max(row.end for row in started) <= 1.1 * best

    @pytest.mark.parametrize("seed", range(10))
    def test_do_so_with_sixteen_that_wait(self, seed: int) -> None:
        jobs = mixture(seed, 10)
        started = simulate(jobs, Slots(self.capacity, None), ahead=16)
        best = sum(need.gpu * seconds for need, seconds in jobs) / 4
        assert max(row.end for row in started) <= 1.1 * best

    def test_in_the_order_in_which_they_came_would_take_longer(self) -> None:
        jobs = mixture(0, 10)
        best = sum(need.gpu * seconds for need, seconds in jobs) / 4
        assert max(row.end for row in simulate(jobs, Slots(self.capacity, None), ahead=1)) > 1.1 * best


def best_makespan(jobs: Jobs, devices: int) -> float:
    """Return the shortest time in which anyone could run so few jobs.

    Every order is tried, and for each job every set of devices: it starts as soon as these have room from then on.
    Some best schedule is found so, as each can be rebuilt in the order of its starts.
    """
    best = math.inf
    for order in itertools.permutations(range(len(jobs))):
        best = min(best, _best_of(order, jobs, devices, [], 0.0, best))
    return best


def _best_of(
    order: Sequence[int],
    jobs: Jobs,
    devices: int,
    placed: list[tuple[float, float, float, tuple[int, ...]]],
    earliest: float,
    bound: float,
) -> float:
    if not order:
        return max(end for _, end, _, _ in placed)
    need, seconds = jobs[order[0]]
    share = min(need.gpu, 1)
    for places in itertools.combinations(range(devices), max(1, int(need.gpu))):
        moments = sorted({earliest, *(end for _, end, _, _ in placed if end > earliest)})
        begin = next(moment for moment in moments if _has_room(placed, places, share, moment))
        if begin + seconds < bound:
            row = (begin, begin + seconds, share, places)
            bound = min(bound, _best_of(order[1:], jobs, devices, [*placed, row], begin, bound))
    return bound


def _has_room(
    placed: list[tuple[float, float, float, tuple[int, ...]]], places: tuple[int, ...], share: float, moment: float
) -> bool:
    for place in places:
        used = sum(each for begin, end, each, on in placed if place in on and begin <= moment < end)
        if used + share > 1:
            return False
    return True


def handful(seed: int) -> list[tuple[Need, float]]:
    dice = random.Random(seed)  # noqa: S311  # a simulation
    return [(Need(cpu=0, gpu=dice.choice([0.25, 0.5, 1, 2])), float(dice.randint(1, 9))) for _ in range(5)]


def test_a_handful_takes_on_average_at_most_a_tenth_longer_than_the_best_schedule() -> None:
    # Whoever does not know durations can lose much in a single case: a long one may come last.
    ratios = []
    for jobs in map(handful, range(30)):
        started = simulate(jobs, Slots(Capacity(1, ("0", "1")), None))
        ratios.append(max(row.end for row in started) / best_makespan(jobs, 2))
    assert min(ratios) >= 1
    assert sum(ratios) / len(ratios) <= 1.1


amounts = st.sampled_from([0, 0.001, 0.1, 0.2, 0.25, 1 / 3, 0.5, 0.7, 0.999, 1, 2, 3])
needs = st.builds(Need, st.sampled_from([0, 0.1, 0.5, 1, 2.5, 4]), amounts, st.integers(0, 1000))
any_jobs = st.lists(st.tuples(needs, st.integers(1, 20).map(float)), max_size=40)


class TestAnyNeedsInAnyOrder:
    @given(any_jobs, st.none() | st.integers(1, 5), st.none() | st.integers(1, 6))
    def test_are_met_and_all_is_given_back(self, jobs: Jobs, parallel: int | None, ahead: int | None) -> None:
        capacity = Capacity(4, ("0", "1", "2"), 1000)
        slots = Slots(capacity, parallel)
        started = simulate(jobs, slots, ahead)
        assert sorted(row.number for row in started) == list(range(len(jobs)))
        check_never_oversubscribed(started, capacity, parallel)
        check_granted_what_was_asked(started, jobs)
        assert slots.taken == 0
        assert slots.take(Need(cpu=4, gpu=3, memory=1000)) is not None

    @settings(max_examples=300)
    # A need of nothing, which has no room to be kept for it, among others that pass it.
    @example([(Need(cpu=0), 1.0), (Need(cpu=0), 1.0), *[(Need(), 3.0)] * 30], None)
    @given(any_jobs, st.none() | st.integers(1, 5))
    def test_nobody_is_passed_for_longer_than_what_ran_before(self, jobs: Jobs, parallel: int | None) -> None:
        """Once the first was passed as often as it may be, it starts when what then ran has ended, or sooner."""
        started = simulate(jobs, Slots(Capacity(4, ("0", "1", "2"), 1000), parallel))
        order = {row.number: position for position, row in enumerate(started)}
        for row in started:
            # It is the first from where the last of those before it has started.
            since = max((order[other] + 1 for other in range(row.number)), default=0)
            passing = started[since : order[row.number]]
            if len(passing) > PASSES:
                settled = passing[PASSES - 1].begin
                earlier = started[: since + PASSES]
                assert row.begin <= max(other.end for other in earlier if other.end > settled)

    @given(st.lists(needs, min_size=1, max_size=20))
    def test_of_one_kind_start_in_the_order_in_which_they_came(self, kinds: list[Need]) -> None:
        jobs = [(need, 1.0) for need in kinds for _ in range(3)]
        started = simulate(jobs, Slots(Capacity(4, ("0", "1", "2"), 1000), None))
        for need in kinds:
            numbers = [row.number for row in started if row.grant.need == need]
            assert numbers == sorted(numbers)


class TestLine:
    def test_the_largest_that_fits_starts_and_small_ones_fill_what_is_left(self) -> None:
        kinds = [0.25, 1, 0.5, 2, 0.25, 3]
        jobs = [(Need(cpu=0, gpu=gpu), 1 / gpu) for gpu in kinds]
        started = simulate(jobs, Slots(Capacity(1, tuple("0123")), None))
        assert [kinds[row.number] for row in started] == [3, 1, 2, 0.5, 0.25, 0.25]

    def test_a_large_one_gets_its_turn_in_an_endless_stream_of_small_ones(self) -> None:
        """Small ones that overlap would never leave both devices empty by themselves."""
        slots, line = Slots(Capacity(1, ("0", "1")), None), Line()
        line.add(0, Need(cpu=0, gpu=0.5))
        line.add(1, Need(cpu=0, gpu=0.5))
        held = [found[1] for _ in range(2) if (found := line.next(slots))]
        line.add(2, Need(cpu=0, gpu=2))
        for number in range(3, 1000):
            line.add(number, Need(cpu=0, gpu=0.5))
            if found := line.next(slots):
                if found[0] == 2:
                    break
                held.append(found[1])
            slots.give(held.pop(0))
        assert found is not None
        assert found[0] == 2
        assert number < 3 + 2 * PASSES

    def test_what_waits_can_be_taken_out_even_the_first(self) -> None:
        slots, line = Slots(Capacity(1, ("0",)), None), Line()
        running = slots.take(Need(cpu=0, gpu=0.5))
        line.add(0, Need(cpu=0, gpu=1))
        for number in range(1, 2 + PASSES):
            line.add(number, Need(cpu=0, gpu=0.5))
        for _ in range(PASSES):
            found = line.next(slots)
            assert found is not None
            slots.give(found[1])
        assert line.next(slots) is None
        line.remove(0)
        line.remove(0)
        assert running is not None
        assert line.next(slots) is not None
        assert len(line) == 0

    def test_the_same_trial_cannot_wait_twice(self) -> None:
        line = Line()
        line.add(0, Need())
        with pytest.raises(ValueError, match="trial 0 waits already"):
            line.add(0, Need())

    def test_of_an_empty_line_nobody_is_next(self) -> None:
        assert Line().next(Slots(Capacity(1), None)) is None
