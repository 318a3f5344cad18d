"""Registered models and versions, searched by the words that users of `Registry` have for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ...client.queries import query_of
from ...errors import InvalidInput
from ...filter import Subject
from ..mlflow_api.registry import readable
from ..routes import Route
from ..service import Service
from .asking import route

_SUBJECTS = {each.value: each for each in (Subject.REGISTERED_MODELS, Subject.MODEL_VERSIONS)}


@dataclass(frozen=True, slots=True)
class SearchRegistry:
    """Which `registered_models`, or which `model_versions`, in which order."""

    subject: str
    filter_string: str = ""
    order_by: tuple[str | Mapping[str, object], ...] = ()
    max_results: int = 100
    page_token: str | None = None
    fields: tuple[str, ...] | None = None


async def search_registry(service: Service, asked: SearchRegistry) -> object:
    """Return the registered models that match, or the versions, in order."""
    subject = _SUBJECTS.get(asked.subject)
    if subject is None:
        raise InvalidInput(f"the registry is searched for {' or '.join(_SUBJECTS)}")
    words = asked.filter_string, asked.order_by, None, (), asked.max_results, asked.page_token, asked.fields
    query, page = query_of(subject, *words)
    seen = replace(query, where=await readable(service, query.where))
    search = getattr(service.store.search, subject.value)
    found = page.of(await service.read((subject, asked.filter_string, asked.max_results), lambda: search(seen)))
    return {"items": found, "next_page_token": found.next_page_token}


def routes() -> list[Route]:
    """Return the route of the registry's search."""
    return [route("search-registry", SearchRegistry, search_registry)]
