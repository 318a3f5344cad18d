"""Datasets: what metrics were measured on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class DatasetRef:
    """What names a dataset: two digests are two datasets, whatever the name says."""

    name: str
    digest: str

    def __str__(self) -> str:
        return f"{self.name}@{self.digest}"


@dataclass(frozen=True, slots=True)
class DatasetInfo:
    """A dataset as the store keeps it: what names it, and where it came from.

    `schema` and `profile` are JSON texts, `source` is free text that is never followed.
    """

    name: str
    digest: str
    source_type: str = "local"
    source: str = ""
    schema: str = ""
    profile: str = ""

    @property
    def ref(self) -> DatasetRef:
        """Name and digest alone."""
        return DatasetRef(self.name, self.digest)
