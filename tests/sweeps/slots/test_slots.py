from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeps.errors import InvalidSweep
from sweeps.slots import Capacity, Grant, Need, Slots
from sweeps.slots.threads import THREAD_VARIABLES, own_threads, thread_limits

FOUR = Capacity(8, ("0", "1", "2", "3"), 2**30)


def share(gpu: float) -> Need:
    return Need(cpu=0, gpu=gpu)


def take(slots: Slots, need: Need) -> Grant:
    grant = slots.take(need)
    assert grant is not None
    return grant


class TestPacking:
    def test_fractions_share_the_fullest_device_with_room(self) -> None:
        slots = Slots(FOUR, None)
        held = [take(slots, share(gpu)).gpus for gpu in (0.5, 0.75, 0.25, 0.5)]
        assert held == [(("0", 0.5),), (("1", 0.75),), (("1", 0.25),), (("0", 0.5),)]

    def test_a_fraction_is_never_split(self) -> None:
        slots = Slots(Capacity(8, ("0", "1")), None)
        take(slots, share(0.6))
        take(slots, share(0.6))
        assert slots.take(share(0.8)) is None

    def test_whole_needs_take_empty_devices(self) -> None:
        slots = Slots(FOUR, None)
        small = take(slots, share(0.001))
        assert take(slots, share(3)).gpus == (("1", 1.0), ("2", 1.0), ("3", 1.0))
        assert slots.take(share(1)) is None
        slots.give(small)
        assert take(slots, share(1)).gpus == (("0", 1.0),)

    @pytest.mark.parametrize(("gpu", "times"), [(0.1, 10), (1 / 3, 3), (0.7, 1), (0.001, 1000), (0.5, 2), (0.2, 5)])
    def test_fractions_fill_a_device_without_drift(self, gpu: float, times: int) -> None:
        slots = Slots(Capacity(1, ("0",)), None)
        for _ in range(5):
            grants = [take(slots, share(gpu)) for _ in range(times)]
            assert slots.take(share(gpu)) is None
            for grant in grants:
                slots.give(grant)
        assert take(slots, share(1)).gpus == (("0", 1.0),)

    def test_cores_memory_and_places_are_limits_too(self) -> None:
        slots = Slots(FOUR, 3)
        first = take(slots, Need(cpu=4, memory=2**29))
        assert slots.take(Need(cpu=4.5)) is None
        assert slots.take(Need(cpu=1, memory=2**29 + 1)) is None
        take(slots, Need(cpu=3.9))
        take(slots, Need(cpu=0.1))
        assert slots.take(Need(cpu=0)) is None
        assert slots.taken == 3
        slots.give(first)
        assert slots.taken == 2

    def test_memory_that_is_not_known_is_not_limited(self) -> None:
        assert Slots(Capacity(1), None).fits_ever(Need(memory=2**62))

    def test_of_needs_of_nothing_there_is_one_at_a_time_unless_said_otherwise(self) -> None:
        slots = Slots(FOUR, None)
        take(slots, Need(cpu=0))
        assert slots.take(Need(cpu=0)) is None

    def test_what_was_given_back_cannot_be_given_back_again(self) -> None:
        slots = Slots(FOUR, None)
        grant = take(slots, share(1))
        slots.give(grant)
        with pytest.raises(KeyError):
            slots.give(grant)


class TestRequire:
    @pytest.mark.parametrize(
        ("need", "problem"),
        [
            (Need(cpu=9), "cpu: 9 cores for a trial, but there are 8; ask for at most so many"),
            (
                Need(gpu=5),
                "gpu: 5 GPUs for a trial, but there are 4 (0, 1, 2, 3); ask for fewer, or name them in SWEEPS_GPUS",
            ),
            (Need(memory=2**31), "memory: 2 GiB for a trial, but there are 1 GiB; ask for at most so much"),
        ],
    )
    def test_a_need_that_never_fits_is_told_with_what_there_is(self, need: Need, problem: str) -> None:
        with pytest.raises(InvalidSweep) as fault:
            Slots(FOUR, None).require(need)
        assert str(fault.value) == f"execution.resources.{problem}"

    def test_a_machine_without_gpus_says_so(self) -> None:
        with pytest.raises(InvalidSweep, match=r"0\.5 GPUs for a trial, but none is found; .*SWEEPS_GPUS"):
            Slots(Capacity(8), None).require(share(0.5))

    @given(
        st.floats(0, 10, allow_subnormal=False).filter(lambda cpu: cpu == 0 or cpu > 0.001),
        st.sampled_from([0, 0.25, 0.999, 1, 2, 4, 5]),
        st.integers(0, 2**31),
    )
    def test_refuses_exactly_what_never_fits(self, cpu: float, gpu: float, memory: int) -> None:
        slots, need = Slots(FOUR, None), Need(cpu, gpu, memory)
        try:
            slots.require(need)
        except InvalidSweep:
            assert not slots.fits_ever(need)
            assert slots.take(need) is None
        else:
            assert slots.fits_ever(need)
            assert slots.take(need) is not None


class TestEnvironment:
    def test_shows_the_devices_that_were_granted(self) -> None:
        slots = Slots(Capacity(8, ("GPU-a", "3", "5")), None)
        assert take(slots, share(0.5)).environment["CUDA_VISIBLE_DEVICES"] == "GPU-a"
        assert take(slots, share(2)).environment["CUDA_VISIBLE_DEVICES"] == "3,5"

    def test_shows_no_device_to_a_trial_that_asked_for_none(self) -> None:
        assert take(Slots(FOUR, None), Need(cpu=1)).environment["CUDA_VISIBLE_DEVICES"] == ""

    def test_says_nothing_of_devices_where_there_are_none_or_nothing_was_asked(self) -> None:
        assert "CUDA_VISIBLE_DEVICES" not in take(Slots(Capacity(8), None), Need(cpu=1)).environment
        assert "CUDA_VISIBLE_DEVICES" not in take(Slots(FOUR, 4), Need(cpu=0)).environment

    @pytest.mark.parametrize(
        ("cores", "need", "parallel", "threads"),
        [
            (8, Need(cpu=4), None, "4"),
            (8, Need(cpu=1.9), 8, "1"),
            (8, Need(cpu=0.25), None, "1"),
            (8, Need(cpu=0), 2, "4"),
            (8, Need(cpu=0), 3, "2"),
            (2, Need(cpu=0), 16, "1"),
            (8, Need(cpu=0), None, "8"),
            (8, Need(cpu=0, gpu=0.5), None, "4"),
            (8, Need(cpu=0, gpu=0.5), 8, "4"),
            (8, Need(cpu=0, memory=1), 4, "2"),
        ],
    )
    def test_shares_the_cores(self, cores: float, need: Need, parallel: int | None, threads: str) -> None:
        grant = take(Slots(Capacity(cores, ("0",)), parallel), need)
        assert {grant.environment[name] for name in THREAD_VARIABLES} == {threads}


class TestThreads:
    def test_follow_what_a_user_says_of_openmp(self) -> None:
        assert set(thread_limits(2, own_threads({"OMP_NUM_THREADS": "6"})).values()) == {"6"}

    def test_of_one_library_are_as_the_user_says(self) -> None:
        limits = thread_limits(2, own_threads({"MKL_NUM_THREADS": "3", "PATH": "/bin"}))
        assert limits == {**dict.fromkeys(THREAD_VARIABLES, "2"), "MKL_NUM_THREADS": "3"}

    def test_of_nested_openmp_are_its_first_for_the_others(self) -> None:
        limits = thread_limits(2, own_threads({"OMP_NUM_THREADS": "4,2"}))
        assert limits == {**dict.fromkeys(THREAD_VARIABLES, "4"), "OMP_NUM_THREADS": "4,2"}

    def test_that_are_empty_say_nothing(self) -> None:
        assert set(thread_limits(2, own_threads(dict.fromkeys(THREAD_VARIABLES, ""))).values()) == {"2"}
