"""The layers keep what PEP 3333 asks, untouched and touched."""

import pytest

from tropea.core.testing import LayerContract
from tropea.sessions import (
    BeakerBridge,
    CSRFMiddleware,
    MemoryStore,
    SealedCookieStore,
    SessionMiddleware,
)
from tropea.sessions.pastefactories import main


class TestUntouched(LayerContract):
    paste_factory = staticmethod(main)
    paste_options = {"store": "memory:"}

    def make_layer(self, app):
        return SessionMiddleware(app, MemoryStore())


class TestTouched(LayerContract):
    def make_layer(self, app):
        def touching(environ, start_response):
            session = environ["tropea.session"]
            session["n"] = session.get("n", 0) + 1
            return app(environ, start_response)

        return SessionMiddleware(touching, MemoryStore())


class TestTouchedSealed(LayerContract):
    @pytest.fixture(autouse=True)
    def _cryptography(self):
        pytest.importorskip("cryptography")

    def make_layer(self, app):
        def touching(environ, start_response):
            session = environ["tropea.session"]
            session["n"] = session.get("n", 0) + 1
            return app(environ, start_response)

        return SessionMiddleware(touching, SealedCookieStore("a secret for this contract"))


class TestBridgeAndCSRF(LayerContract):
    def make_layer(self, app):
        return SessionMiddleware(CSRFMiddleware(BeakerBridge(app)), MemoryStore())
