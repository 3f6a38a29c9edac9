"""Output filters change bodies block by block, and keep what the protocol promises."""

from __future__ import annotations

import pytest
from tropea.core.filters import Each, OutputFilter
from tropea.core.testing import LayerContract, Probe, call, make_environ


class Shout(OutputFilter):
    def begin(self, environ, head):
        return Each(bytes.upper) if head.is_text() else None


class Joined:
    """Keeps the last byte back until it knows what comes after."""

    def __init__(self):
        self.held = b""

    def feed(self, block):
        whole = self.held + block
        self.held = whole[-1:]
        return whole[:-1]

    def finish(self):
        return self.held + b"!"


class Exclaim(OutputFilter):
    def begin(self, environ, head):
        head.fields.append(("X-Exclaimed", "1"))
        return Joined()


class Idle(OutputFilter):
    """Filters nothing: what a filter does to bodies that it leaves alone."""


class TestAFilterThatLeavesBodiesAlone(LayerContract):
    def make_layer(self, app):
        return Idle(app)


class TestAFilterThatCopiesBlocks(LayerContract):
    wraps_body = True

    def make_layer(self, app):
        class Copy(OutputFilter):
            def begin(self, environ, head):
                return Each(bytes)

        return Copy(app)


def test_every_block_is_changed_and_leaves_as_one_block():
    answer = call(Shout(Probe([b"a", b"", b"b"])), make_environ())
    assert answer.blocks == [b"A", b"", b"B"]


def test_what_a_filter_holds_back_is_sent_at_the_end():
    answer = call(Exclaim(Probe([b"wa", b"ter"])), make_environ())
    assert answer.body == b"water!"
    assert answer.get_all("X-Exclaimed") == ["1"]


def test_written_blocks_are_filtered_in_their_order():
    def app(environ, start_response):
        write = start_response("200 OK", [("Content-Type", "text/plain")])
        write(b"a")
        return [b"b"]

    assert call(Exclaim(app), make_environ()).body == b"ab!"


def test_length_and_strong_validator_go_where_the_body_changes():
    fields = [("Content-Type", "text/html"), ("Content-Length", "4"), ("ETag", '"1"')]
    fields.append(("Accept-Ranges", "bytes"))
    answer = call(Shout(Probe(headers=fields)), make_environ())
    assert answer.headers == [("Content-Type", "text/html"), ("ETag", 'W/"1"')]


@pytest.mark.parametrize(
    ("status", "fields"),
    [
        ("200 OK", [("Content-Type", "image/png")]),
        ("206 Partial Content", [("Content-Type", "text/plain")]),
        ("200 OK", [("Content-Type", "text/plain"), ("Content-Encoding", "gzip")]),
    ],
)
def test_other_types_parts_and_coded_bodies_pass_untouched(status, fields):
    fields.append(("Content-Length", "4"))
    answer = call(Shout(Probe([b"body"], status, fields)), make_environ())
    assert (answer.body, answer.headers) == (b"body", fields)


def test_head_loses_the_length_that_get_would_lose():
    fields = [("Content-Type", "text/plain"), ("Content-Length", "4")]
    answer = call(Shout(Probe([], headers=fields)), make_environ(REQUEST_METHOD="HEAD"))
    assert (answer.headers, answer.body) == ([("Content-Type", "text/plain")], b"")


def test_a_body_that_replaces_another_has_a_filter_of_its_own():
    import sys

    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "image/png")])
        try:
            raise ValueError
        except ValueError:
            start_response("500 Oops", [("Content-Type", "text/plain")], sys.exc_info())
        return [b"sorry"]

    assert call(Shout(app), make_environ()).body == b"SORRY"


def test_an_application_may_clear_its_environ():
    def app(environ, start_response):
        environ.clear()
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"abc"]

    assert call(Shout(app), make_environ()).body == b"ABC"
