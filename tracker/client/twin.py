"""Async methods as sync ones: same words, same arguments, the same documentation."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar, overload

P = ParamSpec("P")
R = TypeVar("R")
Inner = TypeVar("Inner")
Inner_co = TypeVar("Inner_co", covariant=True)


class Twin(Protocol[Inner_co]):
    """What holds an async object, and calls it in the event loop that it lives in."""

    @property
    def inner(self) -> Inner_co:
        """The async object."""
        ...

    def call(self, method: Callable[..., Awaitable[R]], *args: object) -> R:
        """Call an async function in that event loop, and wait for it."""
        ...


class Blocking(Generic[Inner, P, R]):
    """An async method of the inner object as a sync one of its twin."""

    def __init__(self, method: Callable[Concatenate[Inner, P], Coroutine[Any, Any, R]]) -> None:
        self._method = method
        functools.update_wrapper(self, method)  # type: ignore[arg-type]  # for help(): it is called like one

    @overload
    def __get__(self, instance: None, owner: type[object]) -> Blocking[Inner, P, R]: ...
    @overload
    def __get__(self, instance: Twin[Inner], owner: type[object]) -> Callable[P, R]: ...
    def __get__(self, instance: Twin[Inner] | None, owner: type[object]) -> Blocking[Inner, P, R] | Callable[P, R]:
        if instance is None:
            return self

        @functools.wraps(self._method)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            return instance.call(functools.partial(self._method, instance.inner, *args, **kwargs))

        return call
