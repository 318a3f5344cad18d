from __future__ import annotations

import math
import os
from pathlib import Path

import pytest

from sweeps.errors import InvalidSweep
from sweeps.slots import find_capacity
from sweeps.slots.cgroups import CgroupLimits, read_limits
from sweeps.slots.machine import find_gpus

NO_PROGRAMS = {"PATH": ""}


def driver(folder: Path, script: str) -> dict[str, str]:
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


class TestGpus:
    @pytest.mark.parametrize(
        ("said", "devices"),
        [
            ({}, ()),
            ({"SWEEPS_GPUS": ""}, ()),
            ({"SWEEPS_GPUS": "0"}, ()),
            ({"SWEEPS_GPUS": " 4 "}, ("0", "1", "2", "3")),
            ({"SWEEPS_GPUS": "3,"}, ("3",)),
            ({"SWEEPS_GPUS": "0, 1,GPU-abc"}, ("0", "1", "GPU-abc")),
            ({"CUDA_VISIBLE_DEVICES": "4,5,6"}, ("4", "5", "6")),
            ({"CUDA_VISIBLE_DEVICES": "GPU-a,MIG-b"}, ("GPU-a", "MIG-b")),
            ({"CUDA_VISIBLE_DEVICES": "2,-1,3"}, ("2",)),
            ({"CUDA_VISIBLE_DEVICES": ""}, ()),
            ({"CUDA_VISIBLE_DEVICES": "NoDevFiles"}, ()),
            ({"CUDA_VISIBLE_DEVICES": "4,5,6", "SWEEPS_GPUS": "2"}, ("4", "5")),
            ({"CUDA_VISIBLE_DEVICES": "", "SWEEPS_GPUS": "2"}, ("0", "1")),
            ({"CUDA_VISIBLE_DEVICES": "4,5", "SWEEPS_GPUS": "7,8"}, ("7", "8")),
        ],
    )
    def test_are_those_that_the_user_names(self, said: dict[str, str], devices: tuple[str, ...]) -> None:
        assert find_gpus({**NO_PROGRAMS, **said}) == devices

    @pytest.mark.parametrize(
        ("said", "problem"),
        [
            ({"SWEEPS_GPUS": "0,0"}, "'0,0' is neither a count such as 4 nor a list of devices such as 0,1"),
            ({"SWEEPS_GPUS": "-1"}, "'-1' is neither a count such as 4 nor a list of devices such as 0,1"),
            ({"SWEEPS_GPUS": ","}, "',' is neither a count such as 4 nor a list of devices such as 0,1"),
            (
                {"SWEEPS_GPUS": "3", "CUDA_VISIBLE_DEVICES": "4,5"},
                "3 GPUs, but CUDA_VISIBLE_DEVICES shows 2 (4, 5); change one of the two",
            ),
        ],
    )
    def test_that_make_no_sense_are_refused(self, said: dict[str, str], problem: str) -> None:
        with pytest.raises(InvalidSweep) as fault:
            find_gpus(said)
        assert str(fault.value) == f"SWEEPS_GPUS: {problem}"

    def test_are_else_what_the_driver_says(self, tmp_path: Path) -> None:
        assert find_gpus(driver(tmp_path, "echo 0; echo 1")) == ("0", "1")

    @pytest.mark.parametrize("script", ["echo No devices were found", "echo 0; exit 9", "true"])
    def test_of_a_driver_without_devices_are_none(self, tmp_path: Path, script: str) -> None:
        assert find_gpus(driver(tmp_path, script)) == ()

    def test_of_a_driver_that_cannot_be_started_are_none(self, tmp_path: Path) -> None:
        said = driver(tmp_path, "")
        (tmp_path / "nvidia-smi").write_text("#!/no/such/program\n")
        assert find_gpus(said) == ()


class TestCgroups:
    def limits(self, folder: Path, process: str, files: dict[str, str]) -> CgroupLimits:
        (folder / "process").write_text(process)
        for name, text in files.items():
            (folder / "mount" / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / "mount" / name).write_text(text)
        return read_limits(folder / "process", folder / "mount")

    def test_the_least_of_all_that_are_around_counts(self, tmp_path: Path) -> None:
        files = {
            "cpu.max": "max 100000\n",
            "a/cpu.max": "150000 100000\n",
            "a/b/cpu.max": "400000 100000\n",
            "a/memory.max": "1000\n",
            "a/b/memory.max": "max\n",
            "c/memory.max": "10\n",
        }
        assert self.limits(tmp_path, "0::/a/b\n", files) == (1.5, 1000)

    def test_of_the_first_version_are_read_too(self, tmp_path: Path) -> None:
        files = {
            "cpu/a/cpu.cfs_quota_us": "-1\n",
            "cpu/a/cpu.cfs_period_us": "100000\n",
            "cpu/cpu.cfs_quota_us": "250000\n",
            "cpu/cpu.cfs_period_us": "100000\n",
            "memory/memory.limit_in_bytes": "5000\n",
        }
        process = "5:cpu,cpuacct:/a\n4:memory:/of/the/host\n1:name=systemd:/x:y\n0::/\n"
        assert self.limits(tmp_path, process, files) == (2.5, 5000)

    def test_that_cannot_be_read_limit_nothing(self, tmp_path: Path) -> None:
        assert self.limits(tmp_path, "0::/a\nnonsense\n", {"cpu.max": "many\n", "memory.max": ""}) == (math.inf, 0)
        assert read_limits(tmp_path / "none", tmp_path) == (math.inf, 0)


class TestCapacity:
    def test_is_of_this_machine(self) -> None:
        capacity = find_capacity({**NO_PROGRAMS, "SWEEPS_GPUS": "2", "OMP_NUM_THREADS": "3"})
        assert 1 <= capacity.cpu <= (os.cpu_count() or 1)
        assert 2**20 < capacity.memory <= os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        assert capacity.gpus == ("0", "1")
        assert set(capacity.threads.values()) == {"3"}

    @pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity here")
    def test_has_the_cores_that_this_process_may_use(self) -> None:
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {min(before)})
        try:
            assert find_capacity(NO_PROGRAMS).cpu == 1
        finally:
            os.sched_setaffinity(0, before)
