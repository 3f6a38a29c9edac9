"""PoorWSGI's Application: its names and its tables over the dispatcher."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from os import PathLike
from typing import Any, Self
from wsgiref.types import StartResponse, WSGIEnvironment

from tropea.core.environment import get_options, poor_options
from tropea.core.methods import METHOD_ALL

from .application_hooks import READ, ApplicationHooks, Handler
from .converters import Converter
from .declarations import Declarations, Entry
from .declaring import Declaration
from .dispatcher import DispatcherApp
from .documents import file_server
from .errors import PatternError
from .patterns import Pattern
from .rawpatterns import RegexPattern
from .registry import CONVERTERS, make_converter
from .routes import Route
from .verbs import read_methods


class Application(ApplicationHooks):
    """A WSGI application with PoorWSGI's way to say things.

    name: for people and logs; two applications of one name are two applications.
    document_root: a folder whose files are served to GET and HEAD where no route takes the path;
        needs ``tropea-static``, or setting it raises RouteError.
    document_index: whether its folders are listed.
    Routes without parameters come before those with some; lists are sent as JSON; an exception
    that no handler maps becomes the page of status 500 and is logged.

    >>> app = Application("shop")
    >>> @app.route("/user/<login>")
    ... def user(request, login):
    ...     return f"Name is {login}"
    >>> sorted(app.routes)
    ['/user/<login>']
    """

    def __init__(
        self,
        name: str = "__main__",
        *,
        document_root: str | PathLike[str] | None = None,
        document_index: bool = False,
    ) -> None:
        self.name = name
        self.secret_key: str | None = None  # for whoever signs: a session layer, a handler
        self._document_root, self._document_index = document_root, document_index
        self.dispatcher = DispatcherApp(list_as="json")
        self.dispatcher.catch_errors = True
        self._plain, self._parametric = DispatcherApp(), DispatcherApp()
        self._parametric.converters = self._plain.converters = self.dispatcher.converters
        self.dispatcher.combine(self._plain, self._parametric)
        self._serve_files()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self.dispatcher(environ, start_response)

    @property
    def debug(self) -> bool:
        """Whether each decision is logged."""
        return self.dispatcher.debug

    @debug.setter
    def debug(self, value: bool) -> None:
        self.dispatcher.debug = value
        self.dispatcher.changed()

    @property
    def document_root(self) -> str | PathLike[str] | None:
        """The folder whose files are served where no route takes the path; None for none."""
        return self._document_root

    @document_root.setter
    def document_root(self, value: str | PathLike[str] | None) -> None:
        self._document_root = value
        self._serve_files()

    @property
    def document_index(self) -> bool:
        """Whether the folders of the document root are listed."""
        return self._document_index

    @document_index.setter
    def document_index(self, value: bool) -> None:
        self._document_index = value
        self._serve_files()

    def _serve_files(self) -> None:
        root = self._document_root
        self.dispatcher.files = file_server(root, listing=self._document_index) if root else None

    def read_environment(self, environ: Mapping[str, Any] | None = None) -> Self:
        """Take what ``poor_`` variables say: Debug, SecretKey, DocumentRoot and DocumentIndex.

        environ: a mapping with the variables; the process's environment when None.  What no
        variable names stays as it is.  Raises OptionError for a variable that cannot be read.

        >>> Application("shop").read_environment({"poor_Debug": "On"}).debug
        True
        """
        given = poor_options(environ)
        said = {name.lower() for name in get_options(environ, "poor_")}
        self.debug = given.debug if "debug" in said else self.debug
        self.secret_key = given.secret_key or self.secret_key
        self._document_root = given.document_root or self._document_root
        if "documentindex" in said:
            self._document_index = given.document_index
        self._serve_files()
        return self

    def get_options(self) -> dict[str, str]:
        """Return the ``app_`` variables of the process without their prefix."""
        return get_options()

    # -- routes

    def route(self, path: str, method: int = READ, **kwargs: Any) -> Callable[[Handler], Handler]:
        """Decorate the handler of *path*, literal or with ``<name:filter>`` groups.

        method: METHOD_* bits; ``methods`` is the same.
        """
        wanted = _methods("route", method, kwargs)

        def decorate(handler: Handler) -> Handler:
            self.set_route(path, handler, wanted)
            return handler

        return decorate

    def set_route(self, path: str, fun: Handler, method: int = READ) -> None:
        """Map *path*; what was mapped for the same methods is replaced."""
        probe = Pattern(path, registry=self._known(), hybrid=False)
        to = self._parametric if probe.keys else self._plain

        def make(prefix: str) -> Pattern:
            return Pattern(prefix + path, registry=self._known(), hybrid=False)

        self._set(to, path, make, fun, method)

    def pop_route(self, path: str, method: int = METHOD_ALL) -> Handler:
        """Take these methods of *path* out of the table; return the handler that had them."""
        for declarations in (self._plain, self._parametric):
            found = self._pop(declarations, path, read_methods(method))
            if found is not None:
                return found
        raise KeyError(path)

    def regular_route(self, regex: str, method: int = READ, **kwargs: Any) -> Any:
        """Decorate the handler of all paths that a regular expression matches."""
        wanted = _methods("regular_route", method, kwargs)

        def decorate(handler: Handler) -> Handler:
            self.set_regular_route(regex, handler, wanted)
            return handler

        return decorate

    def set_regular_route(self, regex: str, fun: Handler, method: int = READ) -> None:
        """Map all paths that a regular expression matches as a whole."""
        self._set(self._parametric, regex, lambda prefix: RegexPattern(prefix + regex), fun, method)

    pop_regular_route = pop_route

    @property
    def routes(self) -> dict[str, dict[str, Handler]]:
        """A copy of the table: path, method, handler."""
        return _table(r for r in self.dispatcher.routes() if not _is_regular(r))

    @property
    def regular_routes(self) -> dict[str, dict[str, Handler]]:
        """A copy of the table of regular expressions."""
        return _table(r for r in self.dispatcher.routes() if _is_regular(r))

    def _set(self, to: Declarations, path: str, make: Any, handler: Handler, methods: Any) -> None:
        names = read_methods(methods)
        before = tuple(to.entries)
        to.declare(make, names, {})(handler)
        self._pop(to, path, names, among=before)  # afterwards, so that a request finds one of both

    def _pop(
        self,
        declarations: Declarations,
        path: str,
        methods: tuple[str, ...],
        among: Sequence[Entry] | None = None,
    ) -> Handler | None:
        found: list[Handler] = []

        def taken_out(entries: list[Entry]) -> list[Entry]:
            kept: list[Entry] = []
            for entry in entries:
                old = among is None or entry in among
                if not old or not isinstance(entry, Declaration) or entry.route.pattern != path:
                    kept.append(entry)
                    continue
                left = tuple(name for name in entry.route.methods if name not in methods)
                if left == entry.route.methods:
                    kept.append(entry)
                    continue
                found.append(entry.route.handler)
                if left:  # another object: the table that is in use keeps the old one
                    kept.append(replace(entry, route=replace(entry.route, methods=left)))
            return kept

        declarations.edit(taken_out)
        return found[-1] if found else None

    # -- filters

    @property
    def filters(self) -> dict[str, tuple[str, Any]]:
        """A copy of the table of filters: name, regular expression, conversion."""
        table = {}
        for name, factory in self._known().items():
            try:
                converter = make_converter(name, (), {name: factory})
            except PatternError:  # it needs arguments
                continue
            table[f":{name}"] = (converter.pattern, converter.from_string)
        return table

    def set_filter(self, name: str, regex: str, convertor: Callable[[str], Any] = str) -> None:
        """Make ``<x:name>`` match *regex* and pass on ``convertor(text)``; ValueError refuses."""
        self.dispatcher.set_filter(name, regex, convertor)

    def register_converter(self, name: str, converter: Converter) -> None:
        """Make a converter known to this application."""
        self.dispatcher.register_converter(name, converter)

    def _known(self) -> dict[str, Any]:
        return {**CONVERTERS, **self.dispatcher.converters}


def _methods(name: str, method: Any, others: dict[str, Any]) -> Any:
    """Return the methods of a decorator; ``methods=`` is another spelling of ``method=``."""
    method = others.pop("methods", method)
    if others:
        raise TypeError(f"{name}() has no argument {', '.join(others)}")
    return method


def _is_regular(route: Route) -> bool:
    return isinstance(route.compiled, RegexPattern)


def _table(routes: Iterable[Route]) -> dict[str, dict[str, Handler]]:
    table: dict[str, dict[str, Handler]] = {}
    for route in routes:
        table.setdefault(route.pattern, {}).update(dict.fromkeys(route.methods, route.handler))
    return table
