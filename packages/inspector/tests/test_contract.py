"""Every layer of this package keeps the contract of WSGI middleware."""

from tropea.core.testing import LayerContract
from tropea.inspector import InspectorMiddleware, ProfilerMiddleware, paste


class TestInspectorThatNobodyOpened(LayerContract):
    paste_factory = paste.main
    paste_options = {"enabled": "true", "announce": "no", "keep": "50"}

    def make_layer(self, app):
        return InspectorMiddleware(app, enabled=True, announce=False)


class TestInspectorThatRecords(LayerContract):
    wraps_body = True
    paste_factory = paste.main
    paste_options = {"enabled": "true", "announce": "no", "always": "true"}

    def make_layer(self, app):
        return InspectorMiddleware(app, enabled=True, announce=False, always=True)


class TestProfilerThatCounts(LayerContract):
    wraps_body = True
    paste_factory = paste.profiler
    paste_options = {"enabled": "true", "every": "3"}

    def make_layer(self, app):
        return ProfilerMiddleware(app, enabled=True)


class TestProfilerThatSamples(LayerContract):
    wraps_body = True
    paste_factory = paste.profiler
    paste_options = {"enabled": "true", "how": "samples", "interval": "0.01"}

    def make_layer(self, app):
        return ProfilerMiddleware(app, enabled=True, how="samples")
