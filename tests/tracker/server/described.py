"""What `/openapi.json` says of answers, as the judge of those that tests get."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import httpx
from jsonschema import Draft202012Validator

from tracker.server import all_routes
from tracker.server.openapi import document


@cache
def described() -> dict[str, Any]:
    return document(all_routes())


def require_described(answer: httpx.Response) -> None:
    """Fail unless an answer is what the description says of its route, method and status."""
    path = answer.request.url.path.replace("/ajax-api/", "/api/")
    told = operation(answer.request.method, path)["responses"]
    said = told.get(str(answer.status_code)) or told[f"{answer.status_code // 100}XX"]
    validator(said).validate(answer.json())


def operation(method: str, path: str) -> dict[str, Any]:
    """Return what is said of a route: of the one that says most of a path."""
    found = [
        known for known in described()["paths"] if re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(known)), path)
    ]
    told: dict[str, Any] = described()["paths"][min(found, key=lambda each: each.count("{"))][method.lower()]
    return told


def validator(said: dict[str, Any]) -> Draft202012Validator:
    if "$ref" in said:
        said = described()["components"]["responses"]["Problem"]
    schema = said["content"]["application/json"]["schema"]
    return Draft202012Validator({**schema, "components": described()["components"]})
