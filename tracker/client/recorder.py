"""The writing half of a client: this process's journal, and the place for files. No store, no event loop."""

from __future__ import annotations

from pathlib import Path

from ..artifacts import Artifacts, LocalArtifacts
from ..entities.records import Record
from ..errors import InvalidInput
from ..journal import Journal, encode
from .folder import StoreFolder


class Recorder:
    """Says things to the store by way of the journal; what it returned from is *logged*."""

    def __init__(self, journal: Journal, artifacts: Artifacts, folder: Path) -> None:
        self.journal = journal
        self.artifacts = artifacts
        self.folder = folder

    @classmethod
    def at(cls, folder: StoreFolder) -> Recorder:
        """Write into a store's folder."""
        return cls(Journal(folder.journals), LocalArtifacts(folder.artifacts), folder.path)

    def record(self, record: Record) -> None:
        """Log one record.

        Raises:
            InvalidInput: a text in it is no Unicode, so it cannot be kept.
        """
        try:
            frame = encode(record)
        except TypeError as problem:
            raise InvalidInput(f"cannot be kept: {problem}") from problem
        self.journal.append(frame)
