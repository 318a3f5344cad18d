"""Times as text: ISO 8601, or in words that count back from now."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

MILLISECONDS = {
    "second": 1_000,
    "minute": 60_000,
    "hour": 3_600_000,
    "day": 86_400_000,
    "week": 604_800_000,
}
# So few digits that no unit takes the time out of SQLite's 64 bits.
AGO = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*(second|minute|hour|day|week)s?\s+ago", re.IGNORECASE)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAYS_BACK = {"today": 0, "yesterday": 1}


def iso_time(text: str) -> int | None:
    """Read a date, or a date and a time, as milliseconds since the epoch; None if it is neither.

    Without a zone it is UTC, and a date alone is its first moment.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - EPOCH) // timedelta(milliseconds=1)


def is_relative(text: str) -> bool:
    """Whether a text counts from now: `now`, `today`, `yesterday` (days of UTC) or `2 days ago`."""
    return _word(text) in {"now", *DAYS_BACK} or AGO.fullmatch(text.strip()) is not None


def relative_time(text: str, now: int) -> int:
    """Count from now, in milliseconds since the epoch; the text must be relative."""
    if _word(text) in DAYS_BACK:
        day = MILLISECONDS["day"]
        return (now // day - DAYS_BACK[_word(text)]) * day
    back = AGO.fullmatch(text.strip())
    return now if back is None else now - round(float(back[1]) * MILLISECONDS[back[2].lower()])


def _word(text: str) -> str:
    return text.strip().lower()
