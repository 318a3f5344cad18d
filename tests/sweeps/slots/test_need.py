from __future__ import annotations

from dataclasses import dataclass

import pytest

from sweeps.errors import InvalidSweep
from sweeps.slots import Need, need_of


@dataclass(frozen=True)
class Said:
    cpu: float | str = 1
    gpu: float | str = 0
    memory: int | str | None = None


class TestNeed:
    @pytest.mark.parametrize(
        ("amounts", "problem"),
        [
            ({"cpu": -1.0}, "cpu: must be at least 0, not -1.0"),
            ({"memory": -1}, "memory: must be at least 0, not -1"),
            ({"gpu": 1.5}, "gpu: 1.5 GPUs cannot be had; write a fraction below 1, or a whole number"),
            ({"gpu": 0.0001}, "gpu: 0.0001 is too little; at least 0.001, or 0 for none"),
        ],
    )
    def test_that_cannot_be_is_refused(self, amounts: dict[str, float], problem: str) -> None:
        with pytest.raises(InvalidSweep) as fault:
            Need(**amounts)  # type: ignore[arg-type]
        assert str(fault.value) == problem

    def test_of_nothing_is_only_a_place(self) -> None:
        assert Need(cpu=0).nothing
        assert not any(need.nothing for need in (Need(), Need(cpu=0, gpu=0.5), Need(cpu=0, memory=1)))


class TestNeedOf:
    def test_nothing_said_is_a_place(self) -> None:
        assert need_of(None, {}) == Need(cpu=0)

    def test_amounts_are_as_written(self) -> None:
        assert need_of(Said(2, 0.5, "4GB"), {}) == Need(2, 0.5, 4 * 10**9)

    def test_a_params_name_stands_for_the_trials_own_value(self) -> None:
        said = Said("params.workers", "params.net.gpus", "params.net.memory")
        params = {"workers": 3, "net": {"gpus": 2, "memory": "1GiB"}, "net.gpus": 1}
        assert need_of(said, params) == Need(3, 1, 2**30)

    @pytest.mark.parametrize(
        ("said", "problem"),
        [
            (Said(cpu="params.worker"), "cpu: no param 'worker'; did you mean 'workers'?"),
            (Said(cpu="params.workers.x"), "cpu: no param 'workers.x'; did you mean 'workers'?"),
            (Said(gpu="many"), "gpu: must be a number, not 'many'"),
            (Said(gpu="params.name"), "gpu: must be a number, not 'mlp'"),
            (Said(cpu=float("nan")), "cpu: must be a finite number, not nan"),
            (Said(cpu=-1), "cpu: must be at least 0, not -1.0"),
            (Said(memory="lots"), "memory: 'lots' is no amount of memory; write bytes such as 4GB or 500MiB"),
        ],
    )
    def test_a_fault_has_its_place(self, said: Said, problem: str) -> None:
        with pytest.raises(InvalidSweep) as fault:
            need_of(said, {"workers": 3, "name": "mlp"})
        assert str(fault.value) == f"execution.resources.{problem}"
