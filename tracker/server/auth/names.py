"""What users may be called, and what may be a password: pure.

A name has one form, which all that look like it come to: compatibility characters and case are folded, and nothing may
be in it that is not seen. So nobody can pass for another by a twin of their name.
"""

from __future__ import annotations

import re
import unicodedata

from ...errors import InvalidInput, brief

LONGEST_NAME = 64
SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 1024
_FEWEST_CHARACTERS = 5
_OTHERS = frozenset("._-+")
# Letters and marks that are drawn as nothing.
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]",
)
_LETTERS = re.compile(r"[^\W\d_]+")
# What is tried first, however often it is repeated and whatever digits and signs are around it.
_TRIED = (
    "password|passwort|passphrase|admin|administrator|root|changeme|letmein|welcome|secret|default|qwerty|qwertyuiop|"
    "asdfghjkl|abcdefghijkl|iloveyou|tracker|mlflow|login|access|test|guest|user|master|dragon|monkey"
)


def canonical_name(text: str) -> str:
    """Return the one form of a user's name.

    Raises:
        InvalidInput: nobody can be called that.
    """
    name = _folded(text)
    if not 1 <= len(name) <= LONGEST_NAME or not name[0].isalnum() or not all(map(_is_seen, name)):
        raise InvalidInput(
            f"a user cannot be called {brief(text)}: a name has up to {LONGEST_NAME} letters, digits and . _ - + "
            "(no blanks, and nothing that is not seen)"
        )
    return name


def require_password(password: str, name: str) -> str:
    """Return a password as it is kept to be compared, for a user of that name.

    Raises:
        InvalidInput: it is one that is guessed.
    """
    if not password.isprintable():
        raise InvalidInput("a password has no control characters, and is text in UTF-8")
    if len(password) < SHORTEST_PASSWORD:
        raise InvalidInput(f"a password has at least {SHORTEST_PASSWORD} characters, this one {len(password)}")
    if len(password) > LONGEST_PASSWORD:
        raise InvalidInput(f"a password has at most {LONGEST_PASSWORD} characters")
    folded = _folded(password)
    first_tried = re.compile("|".join([_TRIED, *_LETTERS.findall(f"{name} {name[::-1]}")]).join(("(?:", ")*")))
    letters = "".join(_LETTERS.findall(folded))
    if first_tried.fullmatch(letters) or len({*folded}) < _FEWEST_CHARACTERS:
        raise InvalidInput("that password is among the first that are tried; take one that nobody would guess")
    return plain_password(password)


def plain_password(password: str) -> str:
    """Return a password in the one form of its characters, however a keyboard composed them."""
    return unicodedata.normalize("NFC", password)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _is_seen(character: str) -> bool:
    category = unicodedata.category(character)
    return (category[0] in "LMN" and not _UNSEEN.match(character)) or character in _OTHERS
