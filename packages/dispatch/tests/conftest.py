"""Shared by the tests: one request, and the recorded facts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tropea.core.testing import TestApp

DATA = Path(__file__).parent / "data"
#: Methods and paths that wsgiref.validate does not know are sent without it.
KNOWN = {"GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "TRACE"}


@pytest.fixture(scope="session")
def ask():
    """Return a function that makes one request: ``ask(app, "/path", "GET", **environ)``."""

    def ask(app, path="/", method="GET", data=None, **environ):
        raw = path.encode("utf-8").decode("latin-1") if environ.pop("text", True) else path
        strict = method in KNOWN and (raw == "" or raw.startswith("/"))
        client = TestApp(app, validate=strict)
        send = client.send
        client.send = lambda made: send({**made, "PATH_INFO": raw})  # octets as a server has them
        return client.request(method, "/", data, **environ)

    return ask


@pytest.fixture(scope="session")
def facts():
    """Return a function that reads a file of recorded facts."""
    return lambda name: json.loads((DATA / f"{name}.json").read_text())
