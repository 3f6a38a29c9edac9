"""The contract holds for core's own layers, and notices what bad layers do."""

from __future__ import annotations

import gc
import inspect

import pytest
from tropea.core import Layer, RegistryMiddleware
from tropea.core.paste import filter_factory
from tropea.core.testing import LayerContract


class TestALayerThatDoesNothing(LayerContract):
    def make_layer(self, app):
        return Layer(app)


class TestRegistryMiddleware(LayerContract):
    paste_factory = filter_factory(RegistryMiddleware, "registry")

    def make_layer(self, app):
        return RegistryMiddleware(app)


class Gathering(Layer):
    """Reads whole bodies."""

    def __call__(self, environ, start_response):
        return [b"".join(self.app(environ, start_response))]


class Replacing(Layer):
    """Gives the application another kind of environ."""

    def __call__(self, environ, start_response):
        class Environ(dict):
            pass

        return self.app(Environ(environ, plain_key="1"), start_response)


class Forgetting(Layer):
    """Loses exc_info, write() and close()."""

    def __call__(self, environ, start_response):
        def start(status, headers, exc_info=None):
            headers.append(("Connection", "close"))
            start_response(status, headers)
            return lambda block: None

        return (block for block in self.app(environ, start))


class Swallowing(Layer):
    """Hides every exception, and needs PATH_INFO."""

    def __call__(self, environ, start_response):
        assert environ["PATH_INFO"]
        try:
            return self.app(environ, start_response)
        except BaseException:
            start_response("500 Oops", [("Content-Type", "text/plain")])
            return [b"oops"]


class Confused(Layer):
    """Keeps the request on itself."""

    def __call__(self, environ, start_response):
        self.environ = environ

        def body():
            import time

            time.sleep(0.0001)
            yield from self.app(self.environ, start_response)

        return body()


def broken_rows(layer_class):
    class Contract(LayerContract):
        threads, rounds = 4, 20

        def make_layer(self, app):
            return layer_class(app)

    broken = set()
    for name, row in inspect.getmembers(Contract, inspect.isfunction):
        if not name.startswith("test_"):
            continue
        try:
            row(Contract())
        except pytest.skip.Exception:
            continue
        except BaseException:
            broken.add(name[5:8])
    return broken


# Bodies that a bad layer never closes complain when they are collected: that is the point here.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("layer_class", "rows"),
    [
        (Gathering, {"w14", "w15", "w16", "w20"}),
        (Replacing, {"w01", "w26"}),
        (Forgetting, {"w08", "w09", "w11", "w12", "w16", "w20"}),
        (Swallowing, {"w02", "w03", "w27"}),
        (Confused, {"w16", "w24"}),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_layer_that_breaks_the_protocol_fails_the_rows_that_say_so(layer_class, rows):
    broken = broken_rows(layer_class)
    gc.collect()
    assert rows - broken == set()


def test_a_contract_without_a_layer_says_what_is_missing():
    with pytest.raises(TypeError, match="define make_layer"):
        LayerContract().make_layer(None)


def test_the_testing_tools_need_neither_pytest_nor_hypothesis():
    import subprocess
    import sys

    code = (
        "import sys; from tropea.core.testing import TestApp, LayerContract, make_environ;"
        "sys.exit(bool({'pytest', 'hypothesis'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-W", "error", "-c", code]).returncode == 0
