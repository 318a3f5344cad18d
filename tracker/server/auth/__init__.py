"""Who may do what: users, their tokens and their roles, and the doors that let them in."""

from __future__ import annotations

from .credentials import new_token
from .interface import Doorkeeper
from .names import canonical_name, require_password
from .passwords import hash_password
from .roles import Identity, Owned, Role
from .signing_in import UsersDoorkeeper
from .users import Grant, Token, User, Users

__all__ = [
    "Doorkeeper",
    "Grant",
    "Identity",
    "Owned",
    "Role",
    "Token",
    "User",
    "Users",
    "UsersDoorkeeper",
    "canonical_name",
    "hash_password",
    "new_token",
    "require_password",
]
