"""The nearest thing that would parse: small repairs of a text that does not, tried in turn until one parses.

Each repair is a slip that people make: a quote left open, an operator of another language, a word misspelt, a value
without its quotes. A repair is only offered once the repaired text was read; so none of them needs to be careful.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator
from itertools import islice

from ..errors import FilterTooLarge, InvalidFilter
from .times import DAYS_BACK
from .tokens import QUOTED
from .tree import Entity, Subject
from .vocabulary import ATTRIBUTES, DATASET_KEYS, ENTITIES, KEYWORDS, PARTS, entity_names

# What is long was hardly written by hand, and each trial takes its time.
MAX_CHARACTERS = 500
MAX_TRIALS = 60
NEAR = 3

WORD = re.compile(r"[\w.\-/:@]+")
LETTERS = re.compile(r"\w+")
LAST_WORD = re.compile(r"(\S+)\s*\Z")
# Where a quote may have been forgotten: at the end of a word.
WORD_END = re.compile(r"(?<=\S)(?=\s|[),]|\Z)")
NEXT_CLAUSE = re.compile(r"\s+(?:and|or)\b|\s*\)|\s*\Z", re.IGNORECASE)
# What word processors make of quotes.
TYPOGRAPHY = str.maketrans(dict.fromkeys("\u2018\u2019\u201a\u00b4", "'") | dict.fromkeys("\u201c\u201d\u201e", '"'))
QUOTES = ("'", '"', "`")
# Operators of other languages, and ours; outside quotes, all at once.
FOREIGN = [
    (re.compile(rf"({QUOTED})|{written}", re.IGNORECASE), meant)
    for written, meant in [
        (r"\s*&&?\s*", " AND "),
        (r"\s*\|\|?\s*", " OR "),
        (r"\s*;\s*\Z", ""),
        (r"≥|=>|>\s+=", ">="),
        (r"≤|=<|<\s+=", "<="),
        (r"≠|!==|!\s+=|\bnot\s*=|<\s+>", "!="),
        (r"===|=\s+=|:=", "="),
        (r">\s*>", ">"),
        (r"<\s*<", "<"),
        (r"~=|(?<![=!])~", "=~"),
        (r"!(?![=~])", "NOT "),
        (r"(?:!=|<>|\bis\s+not|\bis\s*!=)\s*(?:null|none)\b", "IS NOT NULL"),
        (r"(?:==?|\bis)\s*(?:null|none)\b", "IS NULL"),
        (r"\bis\s+not\b(?!\s+null)", "!="),
        (r"\bis\b(?!\s+(?:not\s+)?null)", "="),
        (r"\b(?:matches|rlike|regex)\b", "REGEXP"),
        (r"\bdescending\b", "DESC"),
        (r"\bascending\b", "ASC"),
    ]
]
CONTAINS = re.compile(r"\bcontains\s+'([^']*)'", re.IGNORECASE)
NUMBER_IN_QUOTES = re.compile(r"(['\"`])\s*([^'\"`]*?)\s*\1")
BRACKETS = re.compile(rf"({QUOTED})|\[|\]")
PARENTHESES = re.compile(rf"{QUOTED}|([()])")


def with_repair(error: InvalidFilter, text: str, subject: Subject, read: Callable[[str], object]) -> InvalidFilter:
    """Return the error that a text gave, with the nearest text that can be read if a small repair makes one.

    `read` raises InvalidFilter of what it cannot read.
    """
    if len(text) > MAX_CHARACTERS or error.text != text or isinstance(error, FilterTooLarge):
        return error
    tried = {text}
    for repaired in islice(_repairs(text, error.position, subject), MAX_TRIALS):
        if repaired not in tried and _can_be(read, repaired):
            return InvalidFilter(error.problem, text, error.position, repaired.strip())
        tried.add(repaired)
    return error


def _can_be(read: Callable[[str], object], text: str) -> bool:
    if not text.strip():
        return False
    try:
        read(text)
    except InvalidFilter:
        return False
    return True


def _repairs(text: str, position: int, subject: Subject) -> Iterator[str]:
    yield text.translate(TYPOGRAPHY)
    native = text
    for pattern, meant in FOREIGN:
        yield _translated(text, pattern, meant)
        native = _translated(native, pattern, meant)
    yield CONTAINS.sub(r"LIKE '%\1%'", native)
    yield native
    yield BRACKETS.sub(lambda match: match[1] or {"[": "(", "]": ")"}[match[0]], text)
    if NUMBER_IN_QUOTES.match(text, position):
        yield text[:position] + NUMBER_IN_QUOTES.sub(r"\2", text[position:], count=1)
    for quote in QUOTES:
        if text.count(quote) % 2:
            yield from _quotes(text, quote)
    yield from _words(text, position, subject)
    yield from _parentheses(text, position)
    yield from _values(text, position)
    yield from _left_out(text, position)


def _translated(text: str, pattern: re.Pattern[str], meant: str) -> str:
    def translation(match: re.Match[str]) -> str:
        return match[1] or meant

    return pattern.sub(translation, text)


def _quotes(text: str, quote: str) -> Iterator[str]:
    places = [place for place, character in enumerate(text) if character == quote]
    # One that was not closed, an apostrophe within a text, and one too many.
    for place in places[:3]:
        yield from (_inserted(text, end.start(), quote) for end in islice(WORD_END.finditer(text, place + 1), 6))
    yield from (_inserted(text, place, quote) for place in places[:6])
    yield from (text[:place] + text[place + 1 :] for place in reversed(places[-3:]))


def _words(text: str, position: int, subject: Subject) -> Iterator[str]:
    match = LETTERS.match(text, position)
    if match is None:
        return
    for near in difflib.get_close_matches(match[0].lower(), _vocabulary(subject), n=NEAR):
        word = near.upper() if near in KEYWORDS or near in {"regexp", "asc", "desc"} else near
        yield text[:position] + word + text[match.end() :]
    if text[position - 1 : position] != ".":
        families = [entity for entity in (Entity.METRIC, Entity.PARAM, Entity.TAG) if entity in ENTITIES[subject]]
        yield from (_inserted(text, position, f"{family}.") for family in families)


def _vocabulary(subject: Subject) -> list[str]:
    parts = [name for names in PARTS.values() for name in names]
    runs = ATTRIBUTES[Subject.RUNS] if subject is Subject.MODELS else ()
    words = {*KEYWORDS, "regexp", "asc", "desc", *DAYS_BACK, *DATASET_KEYS[subject]}
    return sorted({*words, *entity_names(subject), *ATTRIBUTES[subject], *runs, *parts})


def _parentheses(text: str, position: int) -> Iterator[str]:
    found = [match[1] for match in PARENTHESES.finditer(text) if match[1]]
    missing = found.count("(") - found.count(")")
    if missing > 0:
        yield text.rstrip() + ")" * missing
        yield text.replace("(", "", missing)
    if missing < 0:
        yield "(" * -missing + text
    end = NEXT_CLAUSE.search(text, position)
    if end:
        yield f"{text[:position]}({text[position : end.start()]}){text[end.start() :]}"


def _values(text: str, position: int) -> Iterator[str]:
    word = WORD.match(text, position)
    if word:
        yield f"{text[:position]}'{word[0]}'{text[word.end() :]}"
    if text[position : position + 1] == ",":
        yield f"{text[:position]}.{text[position + 1 :]}"
        yield f"{text[:position]} AND{text[position + 1 :]}"
    before, after = LAST_WORD.search(text[:position]), NEXT_CLAUSE.search(text, position)
    if before and after and "'" not in text[before.start() : after.start()]:
        start = before.start()
        yield f"{text[:start]}'{text[start : after.start()]}'{text[after.start() :]}"


def _left_out(text: str, position: int) -> Iterator[str]:
    if not text[:position] or text[position - 1].isspace():
        yield from (_inserted(text, position, f"{word} ") for word in ("AND", "="))
    word = LETTERS.match(text, position)
    if word:
        yield f"{text[:position]}AND{text[word.end() :]}"
    here = re.match(r"\s*(?:[\w.\-/:@]+|\S)", text[position:])
    if here:
        yield text[:position].rstrip() + text[position + here.end() :]
    last = LAST_WORD.search(text[:position])
    if last:
        yield text[: last.start()] + text[position:]


def _inserted(text: str, position: int, more: str) -> str:
    return text[:position] + more + text[position:]
