"""Rows W24, W25, W27 to W29: threads, the process, exceptions, stacking; and wsgiref.validate.

Source: PEP 3333, "Thread Support" and "Implementation/Application Notes".
"""

from __future__ import annotations

import inspect
import locale
import os
from collections.abc import Iterable, Iterator
from threading import Barrier, Thread
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment
from wsgiref.validate import validator

from tropea.core.testing.contract_rows import PLAIN, Rows, hello, raised
from tropea.core.testing.probes import Probe, Server, call


class ProcessRows(Rows):
    """What happens around a request."""

    def test_w24_requests_in_many_threads_do_not_mix(self) -> None:
        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
            start_response("200 OK", [*PLAIN, ("X-Id", environ["QUERY_STRING"])])
            yield environ["QUERY_STRING"].encode()

        layer = self.make_layer(app)
        barrier, wrong = Barrier(self.threads), []

        def client(number: int) -> None:
            barrier.wait()
            for turn in range(self.rounds):
                name = f"id={number}-{turn}"
                try:
                    answer = call(layer, self.make_environ(QUERY_STRING=name))
                except BaseException as error:  # told to the thread that waits
                    wrong.append(repr(error))
                    return
                if answer.body != name.encode() or answer.get_all("X-Id") != [name]:
                    wrong.append(f"{name}: {answer.body!r}")

        threads = [Thread(target=client, args=(n,)) for n in range(self.threads)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []

    def test_w25_the_process_is_left_as_it_was(self) -> None:
        before = dict(os.environ), os.getcwd(), locale.setlocale(locale.LC_ALL)  # noqa: PTH109
        self.ask(hello)
        assert (dict(os.environ), os.getcwd(), locale.setlocale(locale.LC_ALL)) == before  # noqa: PTH109

    def test_w27_what_ends_a_process_is_never_swallowed(self) -> None:
        for kind in (KeyboardInterrupt, SystemExit, GeneratorExit):
            assert raised(kind, lambda kind=kind: self.ask(_raising(kind))) is not None  # type: ignore[misc]

    def test_w27_an_exception_of_the_application_propagates(self) -> None:
        if self.catches_errors:
            self.skip("the layer answers for exceptions on purpose")
        assert raised(ArithmeticError, lambda: self.ask(_raising(ArithmeticError))) is not None

    def test_w27_the_request_after_a_failure_is_answered(self) -> None:
        failures = [ArithmeticError]

        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            if failures:
                raise failures.pop()
            return hello(environ, start_response)

        layer = self.make_layer(app)
        raised(ArithmeticError, lambda: call(layer, self.make_environ()))
        assert call(layer, self.make_environ()).body == b"hello"

    def test_w28_a_paste_filter_factory_takes_text_alone(self) -> None:
        factory: Any = inspect.getattr_static(self, "paste_factory")  # unbound, whatever it is
        if factory is None:
            self.skip("no paste_factory is named")
        factory = getattr(factory, "__func__", factory)
        make = factory({"here": os.curdir, "__file__": "test.ini"}, **self.paste_options)
        assert call(make(hello), self.make_environ()).code < 500

    def test_w29_the_layer_around_itself_answers_alike(self) -> None:
        once = self.ask(hello)
        twice = call(self.make_layer(self.make_layer(hello)), self.make_environ())
        assert (twice.status, twice.body) == (once.status, once.body)

    def test_an_application_may_call_the_whole_stack_again(self) -> None:
        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            if environ["QUERY_STRING"] == "inner":
                return hello(environ, start_response)
            inner = call(layer, self.make_environ(QUERY_STRING="inner"))
            start_response("200 OK", list(PLAIN))
            return [b"outer " + inner.body]

        layer = self.make_layer(app)
        assert call(layer, self.make_environ()).body == b"outer hello"

    def test_wsgiref_validate_is_content_on_both_sides(self) -> None:
        for start in ("call", "late"):
            probe = Probe([b"a", b"b"], start=start)
            answer = call(validator(self.make_layer(validator(probe))), self.make_environ())
            assert answer.body == b"ab"

    def test_a_layer_keeps_nothing_of_a_request_whose_client_went_away(self) -> None:
        probe = Probe([b"a", b"b"])
        layer = self.make_layer(probe)
        body = layer(self.make_environ(), Server().start_response)
        close = getattr(body, "close", None)
        if close is not None:
            close()
        assert call(layer, self.make_environ()).body == b"ab"


def _raising(kind: type[BaseException]) -> Probe:
    """Return an application that raises when it is called."""

    class Raising(Probe):
        def __call__(
            self, environ: WSGIEnvironment, start_response: StartResponse
        ) -> Iterable[bytes]:
            raise kind("on purpose")

    return Raising()
