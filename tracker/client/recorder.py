"""The writing half of a client: this process's journal, and the place for files. No store, no event loop."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..artifacts import Artifacts, LocalArtifacts, SpooledArtifacts
from ..entities import DatasetRef
from ..entities.records import MeasureModel, Record
from ..errors import InvalidInput
from ..journal import Journal, ModelLayout, encode, model_bytes
from ..store.rest import Connection, RestFiles
from .folder import StoreFolder
from .place import ServerPlace
from .watching import Watch

# So many sets of metrics that runs' models are measured by are known at once; one that was forgotten is made again.
_LAYOUTS = 4096


class Recorder:
    """Says things to the store by way of the journal; what it returned from is *logged*."""

    def __init__(self, journal: Journal, artifacts: Artifacts, store: str | Path, watch: Watch | None = None) -> None:
        self.journal = journal
        self.artifacts = artifacts
        # What opens it.
        self.store = store
        self.watch = watch
        self._layouts: dict[tuple[str, DatasetRef | None, tuple[str, ...]], ModelLayout] = {}

    @classmethod
    def at(cls, place: StoreFolder | ServerPlace, *, watch: Watch | None = None, token: int | None = None) -> Recorder:
        """Write into a store's folder, as a holder of runs if there is a token, and tell a watch of the metrics."""
        journal = Journal(place.journals, token)
        if isinstance(place, StoreFolder):
            return cls(journal, LocalArtifacts(place.artifacts), place.path, watch)
        return cls(journal, spooled(place), place.address.given, watch)

    def record(self, *records: Record) -> None:
        """Log records by one write, in their order; who is killed amid it may have logged the first of them only.

        Raises:
            InvalidInput: a text in one is no Unicode, so it cannot be kept; nothing was logged then.
        """
        try:
            frames = b"".join(map(encode, records))
        except TypeError as problem:
            raise InvalidInput(f"cannot be kept: {problem}") from problem
        if frames:
            self.journal.append(frames)

    def measure(self, layout: ModelLayout, model_id: str, step: int, timestamp: int, values: Sequence[float]) -> None:
        """Log one call's values of a model, in the order of its layout.

        Raises:
            InvalidInput: the model's ID is no Unicode.
        """
        model, named = model_bytes(model_id), dict(zip(layout.keys, values, strict=True))
        if model is not None:
            self.journal.points(layout, step, timestamp, (model, *values))
        else:
            self.record(MeasureModel(model_id, layout.run_id, step, timestamp, named, layout.dataset))
        if self.watch is not None:
            self.watch(layout.run_id, named, step, model_id)

    def known_layout(self, run_id: str, dataset: DatasetRef | None, keys: tuple[str, ...]) -> ModelLayout | None:
        """Return the layout of metrics whose names were found good before."""
        return self._layouts.get((run_id, dataset, keys))

    def layout(self, run_id: str, dataset: DatasetRef | None, keys: tuple[str, ...]) -> ModelLayout:
        """Return the layout of metrics with good names, measured on a dataset of models of a run.

        Raises:
            InvalidInput: a text in it is no Unicode, so it cannot be kept.
        """
        layout = ModelLayout(run_id, keys, dataset)
        try:
            layout.definition()
        except TypeError as problem:
            raise InvalidInput(f"cannot be kept: {problem}") from problem
        if len(self._layouts) >= _LAYOUTS:
            self._layouts.clear()
        return self._layouts.setdefault((run_id, dataset, keys), layout)


def spooled(place: ServerPlace) -> SpooledArtifacts:
    """Return what keeps files until they are sent to a server."""
    return SpooledArtifacts(place.files, RestFiles(Connection(place.address)), place.copies)
