"""What every WSGI layer has to keep, as tests to inherit.

>>> class TestMyLayer(LayerContract):
...     def make_layer(self, app):
...         return MyLayer(app, option="value")

pytest finds such a class and runs the rows W01 to W30 on the layer.  Choose ``path`` and ``method``
so that the request reaches the application, and say with the class attributes what the layer does
on purpose.  Any layer will do, whoever wrote it.

Source: PEP 3333.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, NoReturn
from wsgiref.types import WSGIApplication, WSGIEnvironment

from tropea.core.testing.contract_bodies import BodyRows
from tropea.core.testing.contract_environ import EnvironRows
from tropea.core.testing.contract_heads import HeadRows
from tropea.core.testing.contract_process import ProcessRows
from tropea.core.testing.environs import make_environ
from tropea.core.testing.probes import Answer, call


class LayerContract(EnvironRows, HeadRows, BodyRows, ProcessRows):
    """Inherit, define ``make_layer``, and pytest does the rest.

    path, method: of a request that reaches the application.
    environ: further keys of every request.
    buffers: the layer gathers whole bodies on purpose; laziness is not asked of it.
    wraps_body: the layer returns another iterable than the application's (a filter must; others
        should not, for it costs the server ``len()`` and ``wsgi.file_wrapper``).
    catches_errors: the layer answers for exceptions of its application.
    environ_keys: keys without a dot that the layer adds on purpose.
    threads, rounds: of the test for cross-talk.
    paste_factory, paste_options: a Paste filter factory and options for it, as ini files have
        them; tried where given.
    """

    path: ClassVar[str] = "/"
    method: ClassVar[str] = "GET"
    environ: ClassVar[dict[str, Any]] = {}
    buffers: ClassVar[bool] = False
    wraps_body: ClassVar[bool] = False
    catches_errors: ClassVar[bool] = False
    environ_keys: ClassVar[tuple[str, ...]] = ()
    threads: ClassVar[int] = 8
    rounds: ClassVar[int] = 50
    paste_factory: ClassVar[Callable[..., Any] | None] = None
    paste_options: ClassVar[dict[str, str]] = {}

    def make_layer(self, app: WSGIApplication) -> WSGIApplication:
        """Return the layer around *app*."""
        raise TypeError(f"{type(self).__name__} has to define make_layer(app)")

    def make_environ(self, **environ: Any) -> WSGIEnvironment:
        """Return the environ of a request that reaches the application."""
        wanted = {"PATH_INFO": self.path, "REQUEST_METHOD": self.method}
        return make_environ(**{**wanted, **self.environ, **environ})

    def ask(self, app: WSGIApplication, **environ: Any) -> Answer:
        """Call the layer around *app* once, as a strict server does."""
        return call(self.make_layer(app), self.make_environ(**environ))

    def skip(self, reason: str) -> NoReturn:
        """Leave a row out, visibly."""
        import pytest

        pytest.skip(reason)
