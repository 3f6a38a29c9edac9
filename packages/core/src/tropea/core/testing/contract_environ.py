"""Rows W01 to W06, W18, W19 and W26: what a layer does with the environ.

Source: PEP 3333, "environ Variables" and "Input and Error Streams".
"""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from tropea.core.testing.contract_rows import PLAIN, Rows, hello
from tropea.core.testing.probes import Probe, call

#: Keys that a server may leave out, or give as empty text.
OPTIONAL = (
    "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "CONTENT_TYPE", "CONTENT_LENGTH", "REMOTE_ADDR",
    "REMOTE_HOST", "REMOTE_USER", "SERVER_PROTOCOL", "HTTP_HOST", "HTTP_COOKIE", "HTTP_ACCEPT",
)  # fmt: skip
HOSTILE_PATHS = (
    "", "/", "//", "/caf\xc3\xa9", "/\xff\xfe", "/\x00", "/..", "/a/../b", "/%2e%2e/", "/a\r\nb",
    "no-slash", "/" + "a/" * 2000,
)  # fmt: skip
HOSTILE_LENGTHS = ("", "junk", "-1", "-", "+5", " 5", "1_0", "9" * 5000, "\xb2")


class EnvironRows(Rows):
    """What goes in."""

    def test_w01_the_environ_stays_a_builtin_dict(self) -> None:
        probe = Probe()
        self.ask(probe)
        assert type(probe.environ) is dict

    def test_w02_environ_values_stay_native_text_whatever_the_path(self) -> None:
        for path in HOSTILE_PATHS:
            probe = Probe()
            assert self.ask(probe, PATH_INFO=path).code < 500, path
            for key, value in probe.environ.items():
                if key.isupper():
                    assert isinstance(value, str), (path, key, value)
                    value.encode("latin-1")

    def test_w03_optional_keys_may_be_missing(self) -> None:
        for key in OPTIONAL:
            environ = self.make_environ()
            environ.pop(key, None)
            assert call(self.make_layer(Probe()), environ).code < 500, key
        environ = {k: v for k, v in self.make_environ().items() if k not in OPTIONAL}
        assert call(self.make_layer(Probe()), environ).code < 500

    def test_w04_content_length_may_be_empty_or_nonsense(self) -> None:
        for length in HOSTILE_LENGTHS:
            assert self.ask(Probe(), CONTENT_LENGTH=length).code < 500, length

    def test_w05_script_name_and_path_info_say_the_same_url_as_before(self) -> None:
        for script_name in ("", "/app", "/"):
            probe = Probe()
            environ = self.make_environ(SCRIPT_NAME=script_name)
            before = environ["SCRIPT_NAME"] + environ["PATH_INFO"]
            assert call(self.make_layer(probe), environ).code < 500
            after = probe.environ.get("SCRIPT_NAME", "") + probe.environ.get("PATH_INFO", "")
            assert not probe.calls or after == before

    def test_w06_an_application_may_clear_its_environ(self) -> None:
        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            start_response("200 OK", list(PLAIN))
            environ.clear()
            return [b"cleared"]

        answer = self.ask(app)
        assert (answer.code, answer.body) == (200, b"cleared")

    def test_w18_the_body_of_a_request_reaches_the_application_and_is_never_read_too_far(
        self,
    ) -> None:
        received = []

        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            received.append(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
            return hello(environ, start_response)

        stream = GuardedInput(b"a=1&b=2")
        form = "application/x-www-form-urlencoded"
        answer = self.ask(
            app, REQUEST_METHOD="POST", CONTENT_LENGTH="7", CONTENT_TYPE=form,
            **{"wsgi.input": stream},
        )  # fmt: skip
        assert answer.code < 500
        assert received in ([b"a=1&b=2"], [])  # a layer may answer a POST itself

    def test_w19_only_text_is_written_to_the_error_stream(self) -> None:
        stream = StrictErrors()
        assert self.ask(hello, **{"wsgi.errors": stream}).code < 500
        assert all(type(text) is str for text in stream.written)

    def test_w26_new_keys_have_a_namespace_and_unknown_keys_stay(self) -> None:
        probe, thing = Probe(), object()
        environ = self.make_environ(**{"server.thing": thing, "HTTP_X_UNKNOWN": "1"})
        before = set(environ)
        call(self.make_layer(probe), environ)
        assert probe.environ["server.thing"] is thing
        assert probe.environ["HTTP_X_UNKNOWN"] == "1"
        new = set(probe.environ) - before - set(self.environ_keys)
        assert [key for key in new if "." not in key] == []

    def test_the_callers_cgi_variables_are_as_before_after_the_call(self) -> None:
        environ = self.make_environ()
        before = {key: value for key, value in environ.items() if key.isupper()}
        call(self.make_layer(Probe()), environ)
        assert {key: environ.get(key) for key in before} == before


class GuardedInput:
    """A stream that can only be read, and only as far as the request goes."""

    def __init__(self, body: bytes) -> None:
        self._stream, self._left = BytesIO(body), len(body)

    def read(self, size: int = -1) -> bytes:
        assert size >= 0, "read() without a size may wait for ever"
        assert size <= self._left, "read past CONTENT_LENGTH"
        self._left -= size
        return self._stream.read(size)

    def readline(self, size: int = -1) -> bytes:
        assert self._left, "read past CONTENT_LENGTH"
        line = self._stream.readline(size)
        self._left -= len(line)
        return line


class StrictErrors:
    """An error stream that remembers what it was given."""

    def __init__(self) -> None:
        self.written: list[Any] = []

    def write(self, text: Any) -> None:
        self.written.append(text)

    def writelines(self, lines: Iterable[Any]) -> None:
        self.written.extend(lines)

    def flush(self) -> None:
        """Do nothing: there is no buffer."""
