"""Stack layers around an application: outermost first, the application last.

The order is the one of a Paste Deploy ``[pipeline:]`` section.

>>> def hello(environ, start_response):
...     start_response("200 OK", [("Content-Type", "text/plain")])
...     return [b"hello"]
>>> from tropea.core.layer import Layer
>>> stack = pipeline(Layer.layer(), hello)
>>> [type(layer).__name__ for layer in stack.layers]
['Layer', 'function']
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, cast
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from tropea.core.errors import OptionError
from tropea.core.layer import HoldsApp

LayerLike = Callable[[WSGIApplication], WSGIApplication]
#: Wraps one application of a stack; told its place, 0 being the outermost.
Probe = Callable[[WSGIApplication, int], WSGIApplication]


class Stack(HoldsApp):
    """The assembled onion: a WSGI application that can be looked into.

    ``layers`` holds what was built, outermost first, the application last; ``app`` is the
    outermost of them.
    """

    def __init__(
        self,
        factories: Iterable[LayerLike],
        application: WSGIApplication,
        probe: Probe | None = None,
    ) -> None:
        self.factories = tuple(factories)
        self.application = application
        layers: list[Any] = [application]
        place = len(self.factories)
        app = application if probe is None else probe(application, place)
        for factory in reversed(self.factories):
            place -= 1
            app = factory(app)
            if not callable(app):
                raise OptionError(f"pipeline: {factory!r} made {app!r}, which is no application")
            layers.append(app)
            if probe is not None:
                app = probe(app, place)
        self.app = app
        self.layers: tuple[Any, ...] = tuple(reversed(layers))

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self.call_app(environ, start_response)

    def with_probe(self, probe: Probe) -> Stack:
        """Return the same stack built anew, each of its applications wrapped by *probe*.

        probe: called as ``probe(app, place)``; place 0 is the outermost layer, the last is the
            application.  It returns the application to use instead.
        """
        return Stack(self.factories, self.application, probe)

    def __repr__(self) -> str:
        return f"<Stack {' > '.join(map(describe, self.layers))}>"


def pipeline(*layers_and_app: Any) -> Stack:
    """Build a Stack of layers, outermost first, around the application, which comes last.

    Raises OptionError where there is no application or something is not callable.
    """
    if not layers_and_app:
        raise OptionError("pipeline: needs an application, as its last argument")
    for position, item in enumerate(layers_and_app):
        if not callable(item):
            raise OptionError(f"pipeline: argument {position + 1} is not callable: {item!r}")
    *factories, application = layers_and_app
    return Stack(cast("list[LayerLike]", factories), application)


def describe(app: Any) -> str:
    """Name an application or layer as a reader of code would."""
    name = getattr(app, "__qualname__", None)
    return name if isinstance(name, str) else type(app).__qualname__
