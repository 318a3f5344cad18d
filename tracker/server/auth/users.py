"""Users, their tokens, and their roles, as they are kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...errors import LastAdmin, TokenExists, TokenNotFound, UserExists, UserNotFound
from ...system import milliseconds
from .credentials import digest_of
from .file import NAME, Row, UsersFile
from .roles import Owned, Role

_USER = "SELECT user_no, name, password, is_admin, created FROM users"
_TOKEN = "SELECT token_no, user_no, name, created, last_used, expires FROM tokens"  # noqa: S105  # words, no secret


@dataclass(frozen=True, slots=True)
class User:
    """A user; `kept` is what is kept of the password. Times are milliseconds since the epoch."""

    number: int
    name: str
    kept: str
    is_admin: bool
    created: int


@dataclass(frozen=True, slots=True)
class Token:
    """A token of a user's; its digest alone is kept. Times are milliseconds since the epoch."""

    number: int
    user_number: int
    name: str
    created: int
    last_used: int | None
    expires: int | None

    def is_valid(self, now: int) -> bool:
        """Say whether it has not expired."""
        return self.expires is None or now < self.expires


@dataclass(frozen=True, slots=True)
class Grant:
    """A role that a user has for one thing."""

    owned: Owned
    name: str
    role: Role


class Users:
    """The users of a store; names are given in their canonical form."""

    def __init__(self, folder: Path) -> None:
        """Open the users of the store in a folder.

        Raises:
            StoreError: they cannot be read.
        """
        self.file = UsersFile(folder / NAME)

    def close(self) -> None:
        """Let go of the file."""
        self.file.close()

    def all(self) -> list[User]:
        """Return all users, by name."""
        return [_user(row) for row in self.file.rows(f"{_USER} ORDER BY name")]

    def find(self, name: str) -> User | None:
        """Return a user; None if there is none of that name."""
        return next((_user(row) for row in self.file.rows(f"{_USER} WHERE name = ?", name)), None)

    def numbered(self, number: int) -> User | None:
        """Return a user by number; None if there is none."""
        return next((_user(row) for row in self.file.rows(f"{_USER} WHERE user_no = ?", number)), None)

    def get(self, name: str) -> User:
        """Return a user.

        Raises:
            UserNotFound: there is none of that name.
        """
        found = self.find(name)
        if found is None:
            raise UserNotFound(name, [each.name for each in self.all()])
        return found

    def has_admin(self) -> bool:
        """Say whether there is anybody who may do everything."""
        return bool(self.file.rows("SELECT 1 FROM users WHERE is_admin LIMIT 1"))

    def add(self, name: str, kept: str, *, is_admin: bool = False) -> None:
        """Add a user.

        Raises:
            UserExists: there is one of that name.
        """
        with self.file.transaction():
            if self.find(name):
                raise UserExists(name)
            self.file.run(
                "INSERT INTO users (name, password, is_admin, created) VALUES (?, ?, ?, ?)",
                *(name, kept, is_admin, milliseconds()),
            )

    def remove(self, name: str) -> None:
        """Remove a user, their tokens and their roles; what they made stays.

        Raises:
            UserNotFound: there is none of that name.
            LastAdmin: nobody would be left who may do everything.
        """
        with self.file.transaction():
            self._require_other_admin(self.get(name))
            self.file.run("DELETE FROM users WHERE name = ?", name)

    def set_password(self, name: str, kept: str) -> None:
        """Give a user another password.

        Raises:
            UserNotFound: there is none of that name.
        """
        with self.file.transaction():
            self.file.run("UPDATE users SET password = ? WHERE user_no = ?", kept, self.get(name).number)

    def set_admin(self, name: str, *, is_admin: bool) -> None:
        """Let a user do everything, or only what their roles are for.

        Raises:
            UserNotFound: there is none of that name.
            LastAdmin: nobody would be left who may do everything.
        """
        with self.file.transaction():
            user = self.get(name)
            if not is_admin:
                self._require_other_admin(user)
            self.file.run("UPDATE users SET is_admin = ? WHERE user_no = ?", is_admin, user.number)

    def _require_other_admin(self, user: User) -> None:
        others = self.file.rows("SELECT 1 FROM users WHERE is_admin AND user_no <> ? LIMIT 1", user.number)
        if user.is_admin and not others:
            raise LastAdmin(user.name)

    def grants(self, number: int) -> list[Grant]:
        """Return the roles of a user, by number."""
        sql = "SELECT owned, name, role FROM grants WHERE user_no = ? ORDER BY owned, name"
        return [Grant(Owned(owned), name, Role(role)) for owned, name, role in self.file.rows(sql, number)]

    def grant(self, name: str, owned: Owned, of: str, role: Role) -> None:
        """Give a user a role, in place of the one they had; `Role.NONE` takes it away.

        Raises:
            UserNotFound: there is none of that name.
        """
        with self.file.transaction():
            number = self.get(name).number
            self.file.run("DELETE FROM grants WHERE user_no = ? AND owned = ? AND name = ?", number, owned, of)
            if role is not Role.NONE:
                self._give(number, owned, of, role)

    def own(self, name: str, owned: Owned, of: str) -> None:
        """Let the user who made something new manage it, and nobody else who had a role for one of that name before."""
        with self.file.transaction():
            self.forget(owned, of)
            found = self.find(name)
            if found:
                self._give(found.number, owned, of, Role.MANAGE)

    def forget(self, owned: Owned, of: str) -> None:
        """Take away all roles for something that is no more."""
        self.file.run("DELETE FROM grants WHERE owned = ? AND name = ?", owned, of)

    def rename(self, owned: Owned, of: str, new: str) -> None:
        """Keep the roles for something that has another name now."""
        with self.file.transaction():
            self.forget(owned, new)
            self.file.run("UPDATE grants SET name = ? WHERE owned = ? AND name = ?", new, owned, of)

    def _give(self, number: int, owned: Owned, of: str, role: Role) -> None:
        self.file.run("INSERT INTO grants (user_no, owned, name, role) VALUES (?, ?, ?, ?)", number, owned, of, role)

    def add_token(self, user: str, name: str, token: str, expires: int | None = None) -> None:
        """Let a user sign in with a token, of which a digest alone is kept.

        Raises:
            UserNotFound: there is none of that name.
            TokenExists: they have a token of that name.
        """
        with self.file.transaction():
            number = self.get(user).number
            if any(each.name == name for each in self.tokens(user)):
                raise TokenExists(user, name)
            self.file.run(
                "INSERT INTO tokens (user_no, name, digest, created, expires) VALUES (?, ?, ?, ?, ?)",
                *(number, name, digest_of(token), milliseconds(), expires),
            )

    def tokens(self, user: str) -> list[Token]:
        """Return the tokens of a user, by name.

        Raises:
            UserNotFound: there is none of that name.
        """
        return [
            Token(*row) for row in self.file.rows(f"{_TOKEN} WHERE user_no = ? ORDER BY name", self.get(user).number)
        ]

    def remove_token(self, user: str, name: str) -> None:
        """Remove a token of a user's.

        Raises:
            UserNotFound, TokenNotFound: there is no such user, or token.
        """
        with self.file.transaction():
            known = [each.name for each in self.tokens(user)]
            if name not in known:
                raise TokenNotFound(user, name, known)
            self.file.run("DELETE FROM tokens WHERE user_no = ? AND name = ?", self.get(user).number, name)

    def token(self, digest: bytes) -> tuple[Token, bytes] | None:
        """Return a token by its digest, and the digest that is kept; None if there is none."""
        rows = self.file.rows(f"{_TOKEN.replace(' FROM', ', digest FROM')} WHERE digest = ?", digest)
        return next(((Token(*row[:-1]), bytes(row[-1])) for row in rows), None)

    def touch(self, token: Token, now: int) -> None:
        """Keep when a token was last used."""
        self.file.run("UPDATE tokens SET last_used = ? WHERE token_no = ?", now, token.number)


def _user(row: Row) -> User:
    number, name, kept, is_admin, created = row
    return User(number, name, kept, bool(is_admin), created)
