"""Capturing a head: nothing lost, nothing sent early, everything closed."""

import gc
import sys
import weakref

import pytest

from tropea.core.capturing import NotStarted, capture
from tropea.core.closing import Chained


class Body:
    def __init__(self, *blocks):
        self.blocks, self.closed = blocks, 0

    def __iter__(self):
        return iter(self.blocks)

    def close(self):
        self.closed += 1


class Server:
    """What a server sees: heads in order, blocks written."""

    def __init__(self):
        self.heads, self.written = [], []

    def __call__(self, status, headers, exc_info=None):
        if exc_info and self.heads:
            raise exc_info[1].with_traceback(exc_info[2])
        self.heads.append((status, headers))
        return self.written.append


def test_a_plain_body_comes_back_untouched():
    body = Body(b"hello")

    def app(environ, start_response):
        start_response("200 OK", [("A", "1")])
        return body

    answer = capture(app, {})
    assert answer.body is body
    assert (answer.status, answer.headers) == ("200 OK", [("A", "1")])


def test_the_list_is_our_own_copy():
    headers = [("A", "1")]

    def app(environ, start_response):
        start_response("200 OK", headers)
        return []

    capture(app, {}).headers.append(("B", "2"))
    assert headers == [("A", "1")]


def test_a_late_start_is_waited_for_and_what_came_before_is_kept():
    class Late(Body):
        def __iter__(self):
            yield b""
            self.start("201 Created", [])
            yield b"one"
            yield b"two"

    body = Late()

    def app(environ, start_response):
        body.start = start_response
        return body

    answer = capture(app, {})
    assert answer.status == "201 Created"
    assert list(answer.body) == [b"", b"one", b"two"]
    answer.body.close()
    assert body.closed == 1


def test_no_block_is_taken_early():
    taken = []

    def app(environ, start_response):
        start_response("200 OK", [])
        return (taken.append(n) or b"x" for n in range(3))

    answer = capture(app, {})
    assert taken == []
    next(iter(answer.body))
    assert taken == [0]


def test_what_was_written_stands_before_the_body():
    def app(environ, start_response):
        write = start_response("200 OK", [])
        write(b"one")
        write(b"two")
        return [b"three"]

    assert list(capture(app, {}).body) == [b"one", b"two", b"three"]


def test_a_late_write_goes_to_the_server():
    def app(environ, start_response):
        write = start_response("200 OK", [])

        def body():
            yield b"one"
            write(b"two")

        return body()

    server, answer = Server(), capture(app, {})
    answer.hand_on(server, answer.status, answer.headers)
    assert list(answer.body) == [b"one"]
    assert server.written == [b"two"]


def test_an_error_page_replaces_a_head_that_nobody_sent():
    def app(environ, start_response):
        start_response("200 OK", [("A", "1")])
        try:
            raise ValueError("late")
        except ValueError:
            start_response("500 Oops", [("B", "2")], sys.exc_info())
        return [b"sorry"]

    answer = capture(app, {})
    assert (answer.status, answer.headers) == ("500 Oops", [("B", "2")])
    server = Server()
    answer.hand_on(server, answer.status, answer.headers)
    assert server.heads == [("500 Oops", [("B", "2")])]


def test_an_error_page_counts_that_came_while_the_body_was_read_ahead():
    def app(environ, start_response):
        start_response("200 OK", [("Content-Length", "5")])
        yield b""
        try:
            raise KeyError("late")
        except KeyError:
            start_response("500 Oops", [("Content-Length", "4")], sys.exc_info())
        yield b"oops"

    server, answer = Server(), capture(app, {})
    assert b"".join(answer.body) == b"oops"
    answer.hand_on(server, answer.status, [*answer.headers, ("ETag", '"of another body"')])
    assert server.heads == [("500 Oops", [("Content-Length", "4")])]


def test_an_error_after_the_head_was_handed_on_is_the_servers_to_raise():
    def app(environ, start_response):
        start_response("200 OK", [])
        yield b"one"
        try:
            raise ValueError("late")
        except ValueError:
            start_response("500 Oops", [], sys.exc_info())
        yield b"never"

    answer = capture(app, {})
    answer.hand_on(Server_ := Server(), answer.status, answer.headers)
    with pytest.raises(ValueError, match="late"):
        list(answer.body)
    assert Server_.heads == [("200 OK", [])]


def test_a_second_start_without_exc_info_is_a_mistake():
    def app(environ, start_response):
        start_response("200 OK", [])
        start_response("200 OK", [])
        return []

    with pytest.raises(AssertionError, match="twice"):
        capture(app, {})


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt, GeneratorExit])
def test_a_body_whose_first_step_fails_is_closed(error):
    class Broken(Body):
        def __iter__(self):
            raise error

    body = Broken()
    with pytest.raises(error):
        capture(lambda environ, start_response: body, {})
    assert body.closed == 1


def test_an_application_that_never_starts_is_told_so_and_closed():
    body = Body(b"x")
    with pytest.raises(NotStarted, match="did not call start_response"):
        capture(lambda environ, start_response: body, {})
    assert body.closed == 1


def test_no_traceback_is_kept_alive():
    class Probe(Exception):
        pass

    seen = []

    def app(environ, start_response):
        start_response("200 OK", [])
        try:
            raise Probe
        except Probe as error:
            seen.append(weakref.ref(error))
            start_response("500 Oops", [], sys.exc_info())
        return []

    gc.disable()
    try:
        answer = capture(app, {})
        answer.hand_on(Server(), answer.status, answer.headers)
        del answer
        assert seen[0]() is None
    finally:
        gc.enable()


def test_what_was_written_before_an_error_replaced_the_response_is_not_sent():
    def app(environ, start_response):
        start_response("200 OK", [])(b"half a page")
        try:
            raise ValueError("changed its mind")
        except ValueError:
            start_response("500 Oops", [], sys.exc_info())
        return [b"sorry"]

    answer = capture(app, {})
    assert (answer.status, answer.restarted, b"".join(answer.body)) == ("500 Oops", True, b"sorry")


def test_a_second_close_changes_nothing_for_what_was_read_ahead():
    body = Body(b"a")
    chained = Chained([], iter(body), body)
    chained.close()
    chained.close()
    assert body.closed == 1
