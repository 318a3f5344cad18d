"""What is known of one run, logged model or experiment: what the Python judge looks at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .tree import DatasetFilter, Relative


@dataclass(frozen=True, slots=True)
class Point:
    """One value of a metric, and the dataset it was measured on, if any.

    `timestamp` (milliseconds since the epoch) and `step` say which point is the newest.
    """

    value: float
    dataset_name: str | None = None
    dataset_digest: str | None = None
    timestamp: int = 0
    step: int = 0

    def is_on(self, dataset: DatasetFilter) -> bool:
        """Whether it was measured on a dataset."""
        return self.dataset_name == dataset.name and dataset.digest in (None, self.dataset_digest)


@dataclass(frozen=True, slots=True)
class Input:
    """A dataset that a run used (`context` says as what, or is empty) or that a model was measured on."""

    name: str
    digest: str
    context: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """One subject.

    `attributes` go by the names in `vocabulary.ATTRIBUTES`, and None is the same as absent; `experiment_id` is text.
    Of a model's metric there are all points that were logged. Of a run's there are those of one curve, in the order
    logged: of what the run logged itself, or else of what its models were measured at on one dataset, the newest. All
    of its curves are in `curves`, the run's own first and then by dataset; left out, there is but the one.
    `relatives` are the runs that belong to it; deleted children do not.
    """

    attributes: Mapping[str, object] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, Sequence[Point]] = field(default_factory=dict)
    datasets: Sequence[Input] = ()
    curves: Mapping[str, Sequence[Sequence[Point]]] = field(default_factory=dict)
    relatives: Mapping[Relative, Sequence[Facts]] = field(default_factory=dict)
