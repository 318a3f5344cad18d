"""One page of a search's results."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

Item = TypeVar("Item")


class Page(list[Item]):
    """A list that knows how to ask for what follows it.

    `next_page_token` is None on the last page.
    """

    def __init__(self, items: Iterable[Item] = (), next_page_token: str | None = None) -> None:
        super().__init__(items)
        self.next_page_token = next_page_token
