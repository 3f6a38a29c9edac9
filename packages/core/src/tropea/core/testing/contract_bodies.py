"""Rows W13 to W17, W20 and W30: bodies, block by block, and their ``close()``.

Source: PEP 3333, "Middleware Handling of Block Boundaries" and "Optional Platform-Specific File
Handling".
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterable, Iterator
from io import BytesIO
from itertools import islice
from threading import Thread
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment
from wsgiref.util import FileWrapper

from tropea.core.testing.contract_rows import PLAIN, Rows, hello, raised
from tropea.core.testing.probes import Probe, Server

MEBIBYTE = 1024 * 1024


class BodyRows(Rows):
    """What comes out next."""

    def test_w13_a_body_may_be_any_iterable(self) -> None:
        assert self.ask(Probe([b"a", b"", b"b"])).body == b"ab"
        assert self.ask(Probe([])).body == b""

    def test_w14_one_block_is_asked_for_at_a_time(self) -> None:
        if self.buffers:
            self.skip("the layer gathers bodies on purpose")
        probe = Probe([b"block"] * 100)
        server = Server()
        body = self.make_layer(probe)(self.make_environ(), server.start_response)
        assert probe.asked <= 1, "the body was read before the server asked for it"
        taken = list(islice(iter(body), 10))
        assert len(taken) == 10
        assert probe.asked <= 11
        _close(body)

    def test_w15_an_unbounded_body_is_never_gathered(self) -> None:
        if self.buffers:
            self.skip("the layer gathers bodies on purpose")

        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
            start_response("200 OK", list(PLAIN))
            for _ in range(64):
                yield bytes(MEBIBYTE)

        layer, body = self.make_layer(app), None
        traced = tracemalloc.is_tracing()  # somebody looks for a leak: it goes on afterwards
        tracemalloc.start()
        try:
            before, _ = tracemalloc.get_traced_memory()
            tracemalloc.reset_peak()
            body = layer(self.make_environ(), Server().start_response)
            total = sum(len(block) for block in body)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            if not traced:
                tracemalloc.stop()
            _close(body)
        assert total == 64 * MEBIBYTE
        assert peak - before < 16 * MEBIBYTE

    def test_w16_close_is_called_once_when_everything_was_sent(self) -> None:
        for start in ("call", "late"):
            probe = Probe(start=start)
            self.ask(probe)
            assert probe.closed == 1, start

    def test_w16_close_is_called_once_when_the_client_goes_away(self) -> None:
        for steps in (0, 1):
            probe = Probe([b"a", b"b", b"c"])
            body = self.make_layer(probe)(self.make_environ(), Server().start_response)
            list(islice(iter(body), steps))
            _close(body)
            assert probe.closed == 1, steps

    def test_w16_close_is_called_once_when_the_body_raises(self) -> None:
        for at in (0, 1):
            probe = Probe()
            probe.blocks = _failing(at)  # type: ignore[assignment]
            raised(ArithmeticError, lambda probe=probe: self.ask(probe))  # type: ignore[misc]
            assert probe.closed == 1, at

    def test_w16_close_is_called_once_for_head_304_and_204(self) -> None:
        cases: list[tuple[Probe, dict[str, Any]]] = [
            (Probe([]), {"REQUEST_METHOD": "HEAD"}),
            (Probe([], "304 Not Modified", []), {}),
            (Probe([], "204 No Content", []), {}),
            (Probe(headers=[*PLAIN, ("ETag", '"1"')]), {"HTTP_IF_NONE_MATCH": '"1"'}),
            (Probe(headers=[*PLAIN, ("Content-Length", "4")]), {"HTTP_RANGE": "bytes=0-1"}),
        ]
        for probe, environ in cases:
            self.ask(probe, **environ)
            assert probe.closed == probe.calls, environ

    def test_w17_a_second_close_changes_nothing(self) -> None:
        probe = Probe()
        returned: list[Any] = []

        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            returned.append(probe(environ, start_response))
            return returned[0]  # type: ignore[no-any-return]

        body = self.make_layer(app)(self.make_environ(), Server().start_response)
        b"".join(body)
        _close(body)
        _close(body)
        # A layer that hands the application's own object on leaves the counting to the server.
        assert probe.closed == 1 or (returned and body is returned[0])

    def test_w20_the_servers_file_wrapper_is_handed_on_untouched(self) -> None:
        if self.wraps_body or self.buffers:
            self.skip("the layer returns a body of its own on purpose")

        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            start_response("200 OK", list(PLAIN))
            wrapped: Iterable[bytes] = environ["wsgi.file_wrapper"](BytesIO(b"file"), 2)
            return wrapped

        answer = self.ask(app, **{"wsgi.file_wrapper": FileWrapper})
        assert type(answer.iterable) is FileWrapper
        assert answer.body == b"file"

    def test_a_list_of_one_block_stays_countable(self) -> None:
        if self.wraps_body or self.buffers:
            self.skip("the layer returns a body of its own on purpose")
        assert len(self.ask(hello).iterable) == 1

    def test_w30_a_body_may_be_iterated_and_closed_in_other_threads(self) -> None:
        probe = Probe([b"a", b"b"])
        server = Server()
        body = self.make_layer(probe)(self.make_environ(), server.start_response)
        blocks: list[bytes] = []
        steps = iter(body)
        for _ in range(3):
            _in_thread(lambda: blocks.extend(islice(steps, 1)))
        _in_thread(lambda: _close(body))
        assert b"".join(blocks) == b"ab"
        assert probe.closed == 1


def _failing(at: int) -> Iterator[bytes]:
    yield from [b"block"] * at
    raise ArithmeticError("in the middle of a body")


def _close(body: Any) -> None:
    close = getattr(body, "close", None)
    if close is not None:
        close()


def _in_thread(action: Any) -> None:
    failures: list[BaseException] = []

    def run() -> None:
        try:
            action()
        except BaseException as error:  # handed to the thread that waits
            failures.append(error)

    thread = Thread(target=run)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]
