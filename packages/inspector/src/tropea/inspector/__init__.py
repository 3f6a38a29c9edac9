"""See the assembled WSGI onion: its layers, what each changed, and what each cost.

>>> def app(environ, start_response):
...     start_response("200 OK", [("Content-Type", "text/plain")])
...     return [b"hello"]
>>> inspected = inspect(app, announce=False)
"""

from tropea.core.ordering import lint
from tropea.core.probing import note
from tropea.inspector.middleware import InspectorMiddleware, inspect
from tropea.inspector.profilefiles import profile_import, set_profile
from tropea.inspector.profiler import ProfilerMiddleware
from tropea.inspector.tracing import span

__all__ = [
    "InspectorMiddleware",
    "ProfilerMiddleware",
    "inspect",
    "lint",
    "note",
    "profile_import",
    "set_profile",
    "span",
]
