"""From text to tokens, and a cursor over them.

A word may hold dots, dashes, slashes, colons and `@`, so most metric names need no quotes. Single quotes, double
quotes and backticks all quote; a text that holds quotes is written in others, and in backticks one that is doubled
stands for itself. A name in several parts
(`metrics.accuracy`, ``parent.params.`my key`.number``) is one token.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple, NoReturn

from ..errors import FilterTooLarge, InvalidFilter, brief

MAX_CHARACTERS = 100_000


class Shape(Enum):
    """What a token looks like; what it means depends on where it stands."""

    NUMBER = "number"
    DOTTED = "dotted"
    WORD = "word"
    QUOTED = "quoted"
    SYMBOL = "symbol"
    END = "end"

    __hash__ = object.__hash__


class Token(NamedTuple):
    """A token as it was written, and the offset of its first character."""

    shape: Shape
    text: str
    position: int

    @property
    def shown(self) -> str:
        """The token in an error's words."""
        return "the end" if self.shape is Shape.END else brief(self.text)


# Nothing is tried twice (`*+`, `(?>…)`): a long text must not take longer than its length.
QUOTED = r"'[^']*+(?:''[^']*+)*+'|\"[^\"]*+(?:\"\"[^\"]*+)*+\"|`[^`]*+(?:``[^`]*+)*+`"
TOKEN = re.compile(
    rf"""
    \s*+(?:
    (?P<number>[+-]?(?:(?>[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?>[eE][+-]?[0-9]+)?
               |(?<=[+-])[iI][nN][fF](?:[iI][nN][iI][tT][yY])?)(?![\w.\-/:@]))
    | (?P<dotted>(?:\w[\w\-/:@]*+|{QUOTED})\.(?:{QUOTED}|[\w\-/:@]++)(?:\.++(?:{QUOTED}|[\w\-/:@]++))*+\.*+)
    | (?P<word>\w[\w.\-/:@]*+)
    | (?P<quoted>{QUOTED})
    | (?P<symbol><=|>=|!=|<>|==|=~|!~|[=<>(),])
    | (?P<end>\Z)
    )
    """,
    re.VERBOSE,
)
SHAPES = {shape.value: shape for shape in Shape}
# What SQLite cannot compare as text: it ends a text at NUL, and lone surrogates have no UTF-8.
UNUSABLE = re.compile("[\0\ud800-\udfff]")


def unquote(text: str) -> str:
    """Take the quotes off, if there are any; only in backticks a doubled one stands for itself, as in MLflow."""
    match text[:1]:
        case "'" | '"':
            return text[1:-1]
        case "`":
            return text[1:-1].replace("``", "`")
        case _:
            return text


def check(text: str) -> None:
    """Refuse what is too long, or holds characters that cannot be compared."""
    if len(text) > MAX_CHARACTERS:
        problem = f"{len(text)} characters; an expression has at most {MAX_CHARACTERS}"
        raise FilterTooLarge(problem, text, 0)
    unusable = UNUSABLE.search(text)
    if unusable:
        problem = f"the character {unusable[0]!r} cannot be searched for"
        raise InvalidFilter(problem, UNUSABLE.sub(" ", text), unusable.start())


def tokens(text: str) -> Iterator[Token]:
    """Split a text; the last token is its end."""
    check(text)
    position = 0
    while True:
        match = TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            _refuse(text, position)
        kind = match.lastgroup
        yield Token(SHAPES[kind], match[kind], match.start(kind))
        if kind == "end":
            return
        position = match.end()


def _refuse(text: str, position: int) -> NoReturn:
    position += len(text[position:]) - len(text[position:].lstrip())
    character = text[position]
    if character in {"'", '"', "`"}:
        problem = f"the quote {character} is not closed"
    else:
        problem = f"unexpected character {character!r}"
    raise InvalidFilter(problem, text, position)


class Cursor:
    """Walks over the tokens of one text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._rest = tokens(text)
        self.token = next(self._rest)

    def take(self) -> Token:
        """Return the token here, and go on."""
        token = self.token
        if token.shape is not Shape.END:
            self.token = next(self._rest)
        return token

    def at_end(self) -> bool:
        """Whether all is read."""
        return self.token.shape is Shape.END

    def at_word(self, word: str) -> bool:
        """Whether a keyword stands here, in any case."""
        return self.token.shape is Shape.WORD and self.token.text.lower() == word

    def took_word(self, word: str) -> bool:
        """Step over a keyword, if it stands here."""
        found = self.at_word(word)
        if found:
            self.take()
        return found

    def at_symbol(self, symbol: str) -> bool:
        """Whether a symbol stands here."""
        return self.token.shape is Shape.SYMBOL and self.token.text == symbol

    def took_symbol(self, symbol: str) -> bool:
        """Step over a symbol, if it stands here."""
        found = self.at_symbol(symbol)
        if found:
            self.take()
        return found

    def expect_word(self, word: str) -> None:
        """Step over a keyword that must stand here."""
        if not self.took_word(word):
            self.fail(f"expected {word.upper()}, found {self.token.shown}")

    def expect_symbol(self, symbol: str) -> None:
        """Step over a symbol that must stand here."""
        if not self.took_symbol(symbol):
            self.fail(f"expected {symbol!r}, found {self.token.shown}")

    def fail(self, problem: str, position: int | None = None) -> NoReturn:
        """Raise InvalidFilter at a position, or at the token here."""
        raise InvalidFilter(problem, self.text, self.token.position if position is None else position)

    def fail_by_size(self, problem: str, position: int | None = None) -> NoReturn:
        """Raise FilterTooLarge at a position, or at the token here."""
        raise FilterTooLarge(problem, self.text, self.token.position if position is None else position)
