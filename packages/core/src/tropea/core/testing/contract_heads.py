"""Rows W07 to W12 and W21 to W23: statuses, fields and ``start_response``.

Source: PEP 3333, "The start_response() Callable" and "Error Handling"; RFC 9110 section 6.4.
"""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Iterable, Iterator
from wsgiref.types import StartResponse, WSGIEnvironment

from tropea.core.fields import HOP_BY_HOP, check_name, check_status, check_value
from tropea.core.testing.contract_rows import PLAIN, Rows, hello, raised
from tropea.core.testing.probes import Probe, call


class HeadRows(Rows):
    """What comes out first."""

    def test_w07_an_application_may_start_at_its_first_step(self) -> None:
        answer = self.ask(Probe([b"a", b"b"], "201 Created", start="late"))
        assert (answer.status, answer.body) == ("201 Created", b"ab")

    def test_w07_an_application_may_yield_nothing_before_it_starts(self) -> None:
        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
            start_response("200 OK", list(PLAIN))
            yield b""
            yield b"body"

        answer = self.ask(app)
        assert (answer.code, answer.body) == (200, b"body")

    def test_w08_what_is_written_comes_before_what_is_returned(self) -> None:
        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            write = start_response("200 OK", list(PLAIN))
            write(b"written-")
            return [b"returned"]

        assert self.ask(app).body == b"written-returned"

    def test_w09_a_second_start_with_exc_info_replaces_the_first(self) -> None:
        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            start_response("200 OK", list(PLAIN))
            try:
                raise ValueError("changed its mind")  # noqa: TRY301
            except ValueError:
                start_response("503 Service Unavailable", list(PLAIN), sys.exc_info())
            return [b"sorry"]

        def lazy(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
            yield from app(environ, start_response)

        for application in (app, lazy):
            answer = self.ask(application)
            assert (answer.code, answer.body) == (503, b"sorry")

    def test_w09_exc_info_after_output_is_raised_again(self) -> None:
        if self.buffers:
            self.skip("the layer gathers bodies: nothing was sent when the error came")

        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
            start_response("200 OK", list(PLAIN))
            yield b"sent already"
            try:
                raise ZeroDivisionError("too late")  # noqa: TRY301
            except ZeroDivisionError:
                start_response("500 Oops", list(PLAIN), sys.exc_info())
            yield b"never"

        assert raised(ZeroDivisionError, lambda: self.ask(app)) is not None

    def test_w09_a_second_start_without_exc_info_is_an_error(self) -> None:
        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            start_response("200 OK", list(PLAIN))
            start_response("200 OK", list(PLAIN))
            return [b""]

        self._fails(app)

    def test_w10_no_reference_to_an_exception_is_kept(self) -> None:
        class Told(Exception):
            pass

        held: list[weakref.ref[Told]] = []

        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            try:
                error = Told()
                held.append(weakref.ref(error))
                raise error
            except Told:
                start_response("500 Oops", list(PLAIN), sys.exc_info())
            finally:
                error = None  # type: ignore[assignment]  # no cycle of our own
            return [b"sorry"]

        layer = self.make_layer(app)
        gc.collect()
        gc.disable()  # a cycle would be found by the collector, much later
        try:
            call(layer, self.make_environ())
            assert held[0]() is None
        finally:
            gc.enable()

    def test_w11_status_and_fields_are_fit_to_be_sent(self) -> None:
        for status in ("200 OK", "404 Not Found", "500 Oops"):
            answer = self.ask(Probe(status=status))
            check_status(answer.status)
            for name, value in answer.headers:
                check_value(value)
                assert check_name(name).lower() not in HOP_BY_HOP, name

    def test_w12_the_applications_own_list_of_fields_is_left_alone(self) -> None:
        fields = [*PLAIN, ("X-Mine", "1")]

        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            start_response("200 OK", fields)
            return [b"body"]

        layer = self.make_layer(app)
        for _ in range(2):
            call(layer, self.make_environ())
        assert fields == [*PLAIN, ("X-Mine", "1")]

    def test_w21_content_length_is_true(self) -> None:
        answer = self.ask(hello)
        assert answer.get_all("Content-Length") in ([], [str(len(answer.body))])

    def test_w22_head_has_the_status_of_get_and_no_body(self) -> None:
        if self.method != "GET":
            self.skip("the request that reaches the application is no GET")
        whole, head = self.ask(hello), self.ask(hello, REQUEST_METHOD="HEAD")
        assert head.body == b""
        assert head.status == whole.status
        if head.get_all("Content-Length"):
            assert head.get_all("Content-Length") == whole.get_all("Content-Length")

    def test_w23_204_and_304_have_no_body_and_no_length(self) -> None:
        for status in ("204 No Content", "304 Not Modified"):
            answer = self.ask(Probe((), status, []))
            assert answer.body == b""
            assert answer.get_all("Content-Length") in ([], ["0"]), status
            assert status[:3] != "204" or not answer.get_all("Content-Length")

    def test_an_application_that_never_starts_is_an_error_and_not_a_hang(self) -> None:
        self._fails(lambda *_: [b"body"])
        self._fails(lambda *_: iter(()))

    def test_a_body_of_text_is_an_error_and_not_corrupt_output(self) -> None:
        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            start_response("200 OK", list(PLAIN))
            return ["text"]  # type: ignore[list-item]  # on purpose

        self._fails(app)

    def _fails(self, app: object) -> None:
        """Assert that an application that breaks the protocol fails, here or as a 500."""
        try:
            answer = self.ask(app)  # type: ignore[arg-type]  # deliberately wrong applications
        except Exception:
            return
        assert self.catches_errors
        assert answer.code >= 500
