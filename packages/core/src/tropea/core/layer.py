"""One ring of the onion: a callable that takes an application and is one.

>>> class NoSniff(Layer):
...     def __call__(self, environ, start_response):
...         def start(status, headers, exc_info=None):
...             headers = [*headers, ("X-Content-Type-Options", "nosniff")]
...             return start_response(status, headers, exc_info)
...         return self.app(environ, start)
"""

from __future__ import annotations

from collections.abc import Iterable
from types import FunctionType, MethodType
from typing import Any, ClassVar, Generic, Self, TypeVar
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from tropea.core.options import NoOptions, read_options

L = TypeVar("L", bound="Layer")


class HoldsApp:
    """Something around an application.

    ``app`` is public: tools look inside a stack by it, and put probes between its layers.
    ``call_app`` follows it, and is the same application as it is called soonest: an object is
    called by way of its type, its method is called at once.
    """

    app: WSGIApplication
    call_app: WSGIApplication

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        if name == "app":
            method = getattr(type(value), "__call__", None)  # noqa: B004 - the method itself
            soonest = MethodType(method, value) if isinstance(method, FunctionType) else value
            object.__setattr__(self, "call_app", soonest)


class Layer(HoldsApp):
    """Base of every layer of the family.

    ``app`` may be replaced at any time; ``call_app`` follows.  ``options`` holds the layer's
    options; a subclass names their dataclass in ``Options`` and decides in ``prepare`` everything
    that start-up can decide.

    The remaining class attributes tell tools where a layer belongs: its ``kind`` (one of proxy,
    registry, status, errors, rewrite, static, http-cache, conditional, compression, session,
    auth, dispatch), the environ keys that it ``provides`` and ``needs``, and the kinds that it
    should stand ``inside`` and ``outside`` of.
    """

    Options: ClassVar[type] = NoOptions
    kind: ClassVar[str] = ""
    provides: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[tuple[str, ...]] = ()
    inside: ClassVar[tuple[str, ...]] = ()
    outside: ClassVar[tuple[str, ...]] = ()

    options: Any

    def __init__(self, app: WSGIApplication, *args: Any, **kwargs: Any) -> None:
        self.app = app
        self.options = self.read(*args, **kwargs)
        self.prepare()

    @classmethod
    def read(cls, *args: Any, **kwargs: Any) -> Any:
        """Read this layer's options; raise OptionError naming the class where one is wrong."""
        if len(args) == 1 and not kwargs and type(args[0]) is cls.Options:
            return args[0]
        return read_options(cls.Options, args, kwargs, where=cls.__name__)

    @classmethod
    def layer(cls, *args: Any, **kwargs: Any) -> LayerFactory[Self]:
        """Return this layer without its application, for a stack.

        The options are read here and now: a wrong one fails on the line that has it.
        """
        return LayerFactory(cls, args, kwargs)

    def prepare(self) -> None:
        """Decide what start-up can decide; called once, when app and options are set."""

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self.call_app(environ, start_response)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} around {self.app!r}>"


class LayerFactory(Generic[L]):
    """A layer that waits for its application: what ``SomeLayer.layer(…)`` returns."""

    __slots__ = ("arguments", "keywords", "layer_class", "options")

    def __init__(self, layer_class: type[L], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.layer_class = layer_class
        self.arguments, self.keywords = args, kwargs
        self.options = layer_class.read(*args, **kwargs)

    def __call__(self, app: WSGIApplication) -> L:
        return self.layer_class(app, *self.arguments, **self.keywords)

    def __repr__(self) -> str:
        given = [repr(a) for a in self.arguments]
        given += [f"{name}={value!r}" for name, value in self.keywords.items()]
        return f"{self.layer_class.__name__}.layer({', '.join(given)})"
