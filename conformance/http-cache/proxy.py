"""A streaming reverse proxy as a WSGI application: the application that the cache stands before.

Fields of one connection, and those that Connection names, are dropped both ways.  Early hints (103)
are passed on where the server offers ``wsgi.early_hints``, as gunicorn does; other interim answers
are skipped, because WSGI has no place for them.
"""

from __future__ import annotations

import http.client
import socket
from urllib.parse import quote

HOP_BY_HOP = {
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection",
    "proxy-authentication-info", "te", "trailer", "transfer-encoding", "upgrade",
}  # fmt: skip


class FinalResponse(http.client.HTTPResponse):
    """An answer whose interim ones were told to ``hear(status, fields)``; http.client skips 100 alone."""

    hear = staticmethod(lambda status, fields: None)

    def _read_status(self):
        while True:
            version, status, reason = super()._read_status()
            if not 101 < status < 200:
                return version, status, reason
            self.hear(status, http.client.parse_headers(self.fp).items())


class Proxy:
    """Passes every request to one origin."""

    def __init__(self, host: str, port: int, timeout: float = 20.0) -> None:
        self.host, self.port, self.timeout = host, port, timeout

    def __call__(self, environ, start_response):
        connection = http.client.HTTPConnection(self.host, self.port, timeout=self.timeout)
        connection.response_class = hearing(environ.get("wsgi.early_hints"))
        try:
            answer = self.ask(connection, environ)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            body = f"{error!r}\n".encode()
            start_response(
                "502 Bad Gateway",
                [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))],
            )
            return [body]
        start_response(f"{answer.status} {answer.reason or 'Unknown'}", passed(answer.getheaders()))
        return Stream(connection, answer)

    def ask(self, connection, environ):
        path = quote((environ["SCRIPT_NAME"] + environ["PATH_INFO"]).encode("latin-1"), safe="/~!$&'()*+,;=:@-._")
        if environ.get("QUERY_STRING"):
            path += "?" + environ["QUERY_STRING"]
        length = int(environ.get("CONTENT_LENGTH") or 0)
        connection.putrequest(environ["REQUEST_METHOD"], path or "/", skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", environ.get("HTTP_HOST", f"{self.host}:{self.port}"))
        fields = [
            (key[5:].replace("_", "-").title(), value) for key, value in environ.items()
            if key.startswith("HTTP_") and key != "HTTP_HOST"
        ]
        for name, value in passed(fields):
            connection.putheader(name, value.encode("latin-1"))
        if environ.get("CONTENT_TYPE"):
            connection.putheader("Content-Type", environ["CONTENT_TYPE"])
        if length or environ["REQUEST_METHOD"] in ("POST", "PUT"):
            connection.putheader("Content-Length", str(length))
        connection.endheaders(environ["wsgi.input"].read(length) if length else None)
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection.getresponse()


class Stream:
    """The origin's body, block by block."""

    def __init__(self, connection, answer) -> None:
        self.connection, self.answer = connection, answer

    def __iter__(self):
        while block := self.answer.read1(65536):
            yield block
        if self.answer.length:
            raise http.client.IncompleteRead(b"", self.answer.length)

    def close(self) -> None:
        self.answer.close()
        self.connection.close()


def hearing(early_hints):
    """Return a class of responses that hands early hints on."""
    if early_hints is None:
        return FinalResponse

    def hear(status, fields):
        if status == 103:
            early_hints(passed(list(fields)))

    return type("HearingResponse", (FinalResponse,), {"hear": staticmethod(hear)})


def passed(fields):
    """Drop what belongs to one connection."""
    named = {
        word.strip().lower() for name, value in fields if name.lower() == "connection"
        for word in value.split(",")
    }
    gone = HOP_BY_HOP | named
    return [(name, value) for name, value in fields if name.lower() not in gone]
