"""Why an answer is as it is: said by the layers, and seen from between anybody's layers."""

import json

from tropea.core import pipeline
from tropea.core.layer import Layer
from tropea.inspector import note


def hello(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("ETag", '"v1"')])
    return [b"hello"]


class Moving(Layer):
    """Hands on another path."""

    def __call__(self, environ, start_response):
        return self.app({**environ, "PATH_INFO": "/new", "QUERY_STRING": "a=1"}, start_response)


class Mounting(Layer):
    """Moves a segment from the path to the place where the application is mounted."""

    def __call__(self, environ, start_response):
        return self.app({**environ, "SCRIPT_NAME": "/shop", "PATH_INFO": "/a"}, start_response)


class Unchanged(Layer):
    """Answers 304 in place of 200."""

    def __call__(self, environ, start_response):
        def start(status, headers, exc_info=None):
            note(environ, "unchanged", "304: because I say so")
            return start_response("304 Not Modified", headers)

        self.app(environ, start)
        return []


class Answering(Layer):
    """Answers in place of what is inside."""

    status, headers = "200 OK", []

    def __call__(self, environ, start_response):
        start_response(self.status, list(self.headers))
        return [b"mine"]


class Cached(Answering):
    headers = [("Age", "12"), ("Cache-Status", "kept; hit")]


class Sending(Answering):
    status, headers = "302 Found", [("Location", "/elsewhere")]


class Refusing(Answering):
    status, headers = "405 Method Not Allowed", [("Allow", "GET")]


class Partial(Answering):
    status = "206 Partial Content"


class Again(Layer):
    """Asks twice."""

    def __call__(self, environ, start_response):
        self.app({**environ, "REQUEST_METHOD": "HEAD"}, lambda *args: None)
        return self.app(environ, start_response)


def seen(inspected, call, *layers, app=hello, path="/a", **fields):
    layer, cookie = inspected(pipeline(*(one.layer() for one in layers), app), always=True)
    try:
        call(layer, path, **fields)
    except ValueError:
        pass
    record = json.loads(call(layer, "/__onion__/data/requests/1", **cookie).body)
    page = call(layer, "/__onion__/requests/1", **cookie).text
    assert all(text.split(":")[0].split('"')[0] in page for _, text in record["seen"])
    return record


def test_a_plain_answer_needs_no_reason(inspected, call):
    assert seen(inspected, call, Layer)["seen"] == []


def test_a_rewritten_address_is_told(inspected, call):
    assert seen(inspected, call, Layer, Moving)["seen"] == [[1, "made /new?a=1 of /a"]]


def test_a_mount_rewrites_nothing(inspected, call):
    assert seen(inspected, call, Mounting, path="/shop/a")["seen"] == []


def test_a_304_names_its_condition(inspected, call):
    found = seen(inspected, call, Unchanged, HTTP_IF_NONE_MATCH='"v0", W/"v1"')
    assert found["seen"] == [
        [0, "made 304 Not Modified of 200 OK"],
        [0, 'If-None-Match names the current tag "v1"'],
    ]
    assert found["notes"] == [["unchanged", "304: because I say so"]]
    assert found["note_visits"] == [0], "said by the layer, while the application began its answer"


def test_a_304_by_date_names_the_dates(inspected, call):
    since = "Sun, 06 Nov 1994 08:49:37 GMT"
    found = seen(inspected, call, Unchanged, HTTP_IF_MODIFIED_SINCE=since)
    assert found["seen"][1] == [0, f"not modified since {since}"]


def test_a_304_that_nobody_asked_for_is_told_as_such(inspected, call):
    assert seen(inspected, call, Unchanged)["seen"][1][1] == "the client asked under no condition"


def test_a_layer_that_answers_itself_is_told_and_its_cache_quoted(inspected, call):
    assert [text for _, text in seen(inspected, call, Cached)["seen"]] == [
        "answered itself; nothing inside it was asked",
        "out of a cache, 12 s old",
        "Cache-Status: kept; hit",
    ]


def test_where_a_redirect_leads_what_a_405_allows_and_what_part_was_asked_for(inspected, call):
    assert seen(inspected, call, Sending)["seen"][1][1] == "sends to /elsewhere"
    assert seen(inspected, call, Refusing)["seen"][1][1] == "allows GET"
    part = seen(inspected, call, Partial, HTTP_RANGE="bytes=0-3")["seen"]
    assert part[1][1] == "a part was asked for: bytes=0-3"


def test_a_layer_that_asks_twice_is_told(inspected, call):
    assert [text for _, text in seen(inspected, call, Again)["seen"]] == [
        "made HEAD of GET",
        "asked what is inside it 2 times",
    ]


def test_who_raised_is_told_once(inspected, call):
    def broken(environ, start_response):
        raise ValueError("no such recipe")

    found = seen(inspected, call, Layer, Layer, app=broken)["seen"]
    assert found == [[2, "raised ValueError: no such recipe"]]


def test_what_the_innermost_application_puts_into_the_environ_is_told(inspected, call):
    def app(environ, start_response):
        environ["tropea.route"] = "/<name>"
        return hello(environ, start_response)

    changes = seen(inspected, call, Layer, app=app)["visits"][1]["changes"]["environ"]
    assert changes == [{"name": "tropea.route", "how": "added", "after": "'/<name>'"}]
