"""Every layer of this package keeps the contract of WSGI middleware."""

from tropea.core.testing import LayerContract
from tropea.inspector import InspectorMiddleware, ProfilerMiddleware


class TestInspectorThatNobodyOpened(LayerContract):
    def make_layer(self, app):
        return InspectorMiddleware(app, enabled=True, announce=False)


class TestInspectorThatRecords(LayerContract):
    wraps_body = True

    def make_layer(self, app):
        return InspectorMiddleware(app, enabled=True, announce=False, always=True)


class TestProfiler(LayerContract):
    wraps_body = True

    def make_layer(self, app):
        return ProfilerMiddleware(app, enabled=True)
