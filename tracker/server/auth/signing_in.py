"""A door for users: who signs in with a name and a password, or with a token of theirs.

Passwords that were right are remembered for a short while, as a keyed hash in memory, since to verify one takes as long
as a hundred requests. What is remembered holds only as long as the user's row does: users may be changed by another
process, which is seen at the next request.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import logging
import math
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, Self, TypeVar

import anyio
from anyio import to_thread

from ...errors import InvalidInput, StoreError, StoreUnavailable
from ...system import milliseconds
from ..problems import Problem
from . import passwords
from .credentials import Credentials, credentials_of, digest_of, wrong
from .names import LONGEST_PASSWORD, canonical_name, plain_password
from .roles import Identity, Owned, Role
from .throttle import Throttle, keys_of, pair_of
from .users import Token, User, Users

T = TypeVar("T")
# How long a password that was right is remembered, in seconds, and how many are.
REMEMBERED_SECONDS = 300.0
_MOST = 1024
# How often it is kept that a token is used, in milliseconds.
_TOUCHED = 60_000
# Addresses of one network that anybody has whole.
_NETWORK = 64
# What a name that nobody can have is counted as.
_NO_NAME = "?"

log = logging.getLogger("tracker.server")


class UsersDoorkeeper:
    """Lets in the users of a store; a context manager, which lets go of them."""

    def __init__(
        self, folder: Path, default_role: Role = Role.NONE, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Open the users of the store in a folder; everybody has `default_role` in every experiment.

        Raises:
            StoreError: they cannot be read.
        """
        self._users = Users(folder)
        self._changing = Users(folder)
        self._default = default_role
        self._known = _Known(self._users, default_role)
        self._remembered = _Remembered(clock)
        self._throttle = Throttle(clock)
        self._verifying = anyio.Lock()
        self._change = anyio.Lock()
        # Made now, so that the first who is unknown waits no longer than others.
        passwords.nobodys()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._users.close()
        self._changing.close()

    async def admit(self, scope: Mapping[str, Any]) -> Identity:
        """Return who sends a request.

        Raises:
            Problem: they have not signed in, or wrongly, or too often wrongly.
        """
        said = credentials_of(scope["headers"])
        by = self._by_token if said.is_token else self._by_password
        try:
            self._known.refresh()
            return await by(said, _address(scope))
        except StoreError:
            log.exception("nobody can sign in")
            raise Problem("TEMPORARILY_UNAVAILABLE", "nobody can sign in just now; the server's log says why") from None

    async def own(self, identity: Identity, owned: Owned, name: str) -> None:
        """Let whoever has made something manage it."""
        await self._changed(lambda users: users.own(identity.name, owned, name))

    async def forget(self, owned: Owned, name: str) -> None:
        """Take away all roles for something that is no more."""
        await self._changed(lambda users: users.forget(owned, name))

    async def rename(self, owned: Owned, name: str, new: str) -> None:
        """Keep the roles for something that has another name now."""
        await self._changed(lambda users: users.rename(owned, name, new))

    async def _changed(self, change: Callable[[Users], object]) -> None:
        async with self._change:
            await to_thread.run_sync(change, self._changing)

    async def _by_token(self, said: Credentials, address: str) -> Identity:
        now = milliseconds()
        token = self._known.token(digest_of(said.secret))
        user = self._known.numbered(token.user_number) if token and token.is_valid(now) else None
        # It cannot be guessed, so whoever has a right one need not wait for those at the same address who were wrong.
        if token is None or user is None or (said.name and _canonical(said.name) != user.name):
            self._require_patience(None, address)
            self._throttle.wrong(keys_of(None, address))
            raise wrong()
        if token.last_used is None or now - token.last_used >= _TOUCHED:
            # That it was used is no reason to fail.
            with suppress(StoreUnavailable):
                await self._changed(lambda users: users.touch(token, now))
        return self._known.identity(user)

    async def _by_password(self, said: Credentials, address: str) -> Identity:
        name = _canonical(said.name)
        self._require_patience(name, address)
        user = self._known.named(name)
        password = plain_password(said.secret)
        if user is None or not self._remembered.has(user, password):
            # One after the other: each takes much memory, and whoever asks ten times at once is verified once.
            async with self._verifying:
                user = await self._verified(name, password, address)
        return self._known.identity(user)

    async def _verified(self, name: str, password: str, address: str) -> User:
        self._require_patience(name, address)
        user = self._known.named(name)
        if user and self._remembered.has(user, password):
            return user
        kept = user.kept if user else passwords.nobodys()
        is_right = await to_thread.run_sync(passwords.verify_password, kept, password[: LONGEST_PASSWORD + 1])
        # Somebody may have changed them meanwhile.
        self._known.refresh()
        if user is None or not is_right or self._known.named(name) != user:
            self._throttle.wrong(keys_of(name, address))
            raise wrong()
        self._throttle.right(pair_of(name, address))
        self._remembered.add(user, password)
        return user

    def _require_patience(self, name: str | None, address: str) -> None:
        seconds = math.ceil(self._throttle.wait(keys_of(name, address)))
        if seconds:
            message = f"too many wrong tries; wait {seconds} s"
            raise Problem("REQUEST_LIMIT_EXCEEDED", message, ((b"retry-after", str(seconds).encode()),))


class _Known:
    """What was read of users, until somebody changes it."""

    def __init__(self, users: Users, default_role: Role) -> None:
        self._users = users
        self._default = default_role
        self._version = users.file.version()
        self._named: dict[str, User] = {}
        self._numbered: dict[int, User] = {}
        self._tokens: dict[bytes, Token] = {}
        self._identities: dict[int, Identity] = {}

    def refresh(self) -> None:
        """Forget what was read before somebody changed it."""
        version = self._users.file.version()
        if version != self._version or len(self._named) + len(self._tokens) > _MOST:
            for known in (self._named, self._numbered, self._tokens, self._identities):
                known.clear()
            self._version = version

    def named(self, name: str) -> User | None:
        """Return a user; None if there is none of that name."""
        return _kept(self._named, name, self._users.find)

    def numbered(self, number: int) -> User | None:
        """Return a user by number; None if there is none."""
        return _kept(self._numbered, number, self._users.numbered)

    def token(self, digest: bytes) -> Token | None:
        """Return a token by its digest; None if there is none."""
        return _kept(self._tokens, digest, self._token)

    def _token(self, digest: bytes) -> Token | None:
        found = self._users.token(digest)
        return found[0] if found and hmac.compare_digest(found[1], digest) else None

    def identity(self, user: User) -> Identity:
        """Return who a user is, and what they may do."""
        found = self._identities.get(user.number)
        if found is None:
            found = self._identities[user.number] = self._identity(user)
        return found

    def _identity(self, user: User) -> Identity:
        roles: dict[Owned, dict[str, Role]] = {owned: {} for owned in Owned}
        for grant in self._users.grants(user.number):
            roles[grant.owned][grant.name] = grant.role
        return Identity(user.name, user.is_admin, self._default, roles[Owned.EXPERIMENT], roles[Owned.REGISTERED_MODEL])


class _Remembered:
    """Passwords that were right, as hashes by a key of this process; each is of what was kept of it then, too."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._key = secrets.token_bytes()
        self._until: OrderedDict[bytes, float] = OrderedDict()

    def has(self, user: User, password: str) -> bool:
        """Say whether it was right, and the user's password is the same still."""
        return self._until.get(self._mark(user, password), 0.0) > self._clock()

    def add(self, user: User, password: str) -> None:
        """Remember one that was right."""
        self._until[self._mark(user, password)] = self._clock() + REMEMBERED_SECONDS
        while len(self._until) > _MOST:
            self._until.popitem(last=False)

    def _mark(self, user: User, password: str) -> bytes:
        return hmac.digest(self._key, f"{user.number}\0{user.kept}\0{password}".encode(), hashlib.sha256)


def _kept(known: dict[Any, T], key: object, find: Callable[[Any], T | None]) -> T | None:
    found = known.get(key)
    if found is None:
        found = find(key)
        # Of what there is not, anybody could ask for any number.
        if found is not None:
            known[key] = found
    return found


@lru_cache(_MOST)
def _canonical(name: str) -> str:
    try:
        return canonical_name(name)
    except InvalidInput:
        return _NO_NAME


def _address(scope: Mapping[str, Any]) -> str:
    """Return whom tries are counted by: an address, or the network of one that has billions."""
    client = scope.get("client")
    host = str(client[0]) if client else ""
    # A sign that only addresses of the newer kind have.
    return _network(host) if ":" in host else host


def _network(host: str) -> str:
    try:
        address = ipaddress.IPv6Address(host)
    except ValueError:
        return host
    return str(address.ipv4_mapped or ipaddress.ip_network((int(address), _NETWORK), strict=False))
