"""One page of a search's results."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .columns import Entity
from .rows import Item, Rows


class Page(Rows[Item]):
    """A list that knows how to ask for what follows it, and can become a table.

    `next_page_token` is None on the last page.
    """

    def __init__(
        self,
        items: Iterable[Item] = (),
        next_page_token: str | None = None,
        *,
        of: Entity | None = None,
        fields: Sequence[str] | None = None,
    ) -> None:
        super().__init__(items, of=of, fields=fields)
        self.next_page_token = next_page_token
