"""A client for the tests of WSGI applications: no server, no sockets, and PEP 3333 checked.

>>> from tropea.core import Response, to_wsgi
>>> app = TestApp(to_wsgi(lambda request: Response(["hi"])))
>>> print(app.get().text())
200 OK
Content-Type: text/html; charset=UTF-8
<BLANKLINE>
hi
"""

from __future__ import annotations

import json as jsonlib
from typing import Any
from urllib.parse import quote, unquote_to_bytes, urlencode, urljoin, urlsplit
from wsgiref.types import WSGIApplication, WSGIEnvironment
from wsgiref.validate import validator

from tropea.core.response import Response
from tropea.core.testing.cookiejar import CookieJar
from tropea.core.testing.environs import make_environ, native
from tropea.core.testing.multipart import encode_multipart
from tropea.core.testing.probes import Answer, call

#: Methods that wsgiref.validate knows; it warns about any other.
_KNOWN = frozenset(("GET", "HEAD", "POST", "OPTIONS", "PATCH", "PUT", "DELETE", "TRACE"))


class TestResponse(Response):
    """A response as a client sees it: complete, with the request that it answers.

    environ: of the request.  errors: what the application wrote to ``wsgi.errors``.
    """

    __test__ = False  # not a test case, whatever its name

    def __init__(self, answer: Answer, client: TestApp, environ: WSGIEnvironment) -> None:
        self._status = answer.status
        self._headerlist = answer.headers
        self._app_iter = [answer.body]
        self.client, self.environ = client, environ

    @property
    def errors(self) -> str:
        """What the application wrote to ``wsgi.errors``."""
        stream = self.environ["wsgi.errors"]
        return str(stream.getvalue()) if hasattr(stream, "getvalue") else ""

    @property
    def body_text(self) -> str:
        """The body alone, decoded."""
        return self.body.decode(self._encoding(), "replace")  # type: ignore[no-any-return]

    def text(self) -> str:
        """Return the whole response, head and body, with LF for line ends."""
        return str(self).replace("\r\n", "\n")

    def __str__(self) -> str:
        head = "".join(f"{name}: {value}\r\n" for name, value in self._headerlist)
        return f"{self._status}\r\n{head}\r\n{self.body_text}"

    def follow(self, **environ: Any) -> TestResponse:
        """Return the response at this one's Location, fetched with GET."""
        location = self.headers.get("Location")
        assert location and 300 <= self.status_code < 400, f"not a redirect: {self.status}"
        script_name = self.environ.get("SCRIPT_NAME", "")
        here = script_name + self.environ.get("PATH_INFO", "")
        target = urljoin(quote(here, encoding="latin-1"), location)
        path = unquote_to_bytes(urlsplit(target).path or "/").decode("latin-1")
        if script_name and f"{path}/".startswith(f"{script_name}/"):
            path = path[len(script_name) :]
        else:
            script_name = ""
        place = {"SCRIPT_NAME": script_name, "PATH_INFO": path}
        if not urlsplit(target).netloc:  # the same site
            kept = ("HTTP_HOST", "wsgi.url_scheme", "SERVER_NAME", "SERVER_PORT")
            place |= {key: self.environ[key] for key in kept if key in self.environ}
        return self.client.request("GET", target, **{**place, **environ})


class _MakeEnviron:
    """``TestApp.make_environ`` and ``app.make_environ``: the latter knows the app's defaults."""

    def __get__(self, app: TestApp | None, owner: type) -> Any:
        defaults = {} if app is None else app.environ

        def make(PATH_INFO: str = "/", **environ: Any) -> WSGIEnvironment:  # noqa: N803
            return make_environ(PATH_INFO, **{**defaults, **environ})

        return make


class TestApp:
    """Make requests to *app*; further keyword arguments are environ keys of every request.

    charset: of form fields.
    validate: wrap the application in ``wsgiref.validate``.
    Cookies that responses set are sent back, as a browser would; ``cookies`` holds them.

    Paths are written decoded; what follows ``?`` is the query.  Upper-case and dotted keywords of
    each request are environ keys: ``app.get("/", HTTP_HOST="example.org")``.
    """

    __test__ = False  # not a test case, whatever its name

    make_environ = _MakeEnviron()

    def __init__(
        self,
        app: WSGIApplication,
        charset: str = "utf-8",
        *,
        validate: bool = True,
        **environ: Any,
    ) -> None:
        self.app, self.charset, self.validate = app, charset, validate
        self.environ = environ
        self.cookies = CookieJar()

    def request(
        self,
        method: str,
        path: str = "/",
        data: Any = None,
        *,
        json: Any = None,
        headers: Any = None,
        content_type: str | None = None,
        **environ: Any,
    ) -> TestResponse:
        """Make a request.

        data: a body of bytes or text, or a mapping or pairs for a form.
        json: sent as JSON.
        headers: a mapping or pairs of further fields.
        """
        body, kind = self._encode(data, json)
        kind = content_type or kind
        made, sent = self._address(path), set[str]()
        if kind is not None:
            made["CONTENT_TYPE"] = kind
        for name, value in headers.items() if hasattr(headers, "items") else headers or ():
            key = name.upper().replace("-", "_")
            key = key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"
            between = "; " if key == "HTTP_COOKIE" else ", "
            made[key] = value if key not in sent else f"{made[key]}{between}{value}"
            sent.add(key)
        made.update(environ)
        full = self.make_environ(REQUEST_METHOD=method, body=body, **made)
        if "HTTP_COOKIE" not in full and (cookies := self.cookies.header(full)):
            full["HTTP_COOKIE"] = cookies
        return self.send(full)

    def send(self, environ: WSGIEnvironment) -> TestResponse:
        """Make the request that *environ* describes."""
        app = self.app
        if self.validate and environ["REQUEST_METHOD"] in _KNOWN:
            app = validator(app)
        before = dict(environ)  # an application may change its environ
        answer = call(app, environ)
        self.cookies.store(answer.headers, before)
        return TestResponse(answer, self, before)

    def _encode(self, data: Any, json: Any) -> tuple[bytes, str | None]:
        if json is not None:
            return jsonlib.dumps(json).encode(), "application/json"
        if data is None:
            return b"", None
        if isinstance(data, str):
            return data.encode(self.charset), None
        if isinstance(data, (bytes, bytearray)):
            return bytes(data), None
        form = urlencode(data, doseq=True, encoding=self.charset)
        return form.encode("ascii"), "application/x-www-form-urlencoded"

    def _address(self, path: str) -> dict[str, Any]:
        made: dict[str, Any] = {}
        if path.startswith(("http://", "https://")):
            parts = urlsplit(path)
            made.update({"wsgi.url_scheme": parts.scheme, "HTTP_HOST": parts.netloc})
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        path, mark, query = path.partition("?")
        made["PATH_INFO"] = native(path)
        if mark:  # as a browser sends it: in ASCII
            made["QUERY_STRING"] = "".join(c if c.isascii() else quote(c) for c in query)
        return made

    def get(self, PATH_INFO: str = "/", **kwargs: Any) -> TestResponse:  # noqa: N803
        """Make a GET request."""
        return self.request("GET", PATH_INFO, **kwargs)

    def head(self, PATH_INFO: str = "/", **kwargs: Any) -> TestResponse:  # noqa: N803
        """Make a HEAD request."""
        return self.request("HEAD", PATH_INFO, **kwargs)

    def options(self, PATH_INFO: str = "/", **kwargs: Any) -> TestResponse:  # noqa: N803
        """Make an OPTIONS request."""
        return self.request("OPTIONS", PATH_INFO, **kwargs)

    def delete(self, PATH_INFO: str = "/", data: Any = None, **kwargs: Any) -> TestResponse:  # noqa: N803
        """Make a DELETE request."""
        return self.request("DELETE", PATH_INFO, data, **kwargs)

    def post(self, PATH_INFO: str = "/", data: Any = None, **kwargs: Any) -> TestResponse:  # noqa: N803
        """Make a POST request; without anything to send it is an empty form."""
        if data is None and "json" not in kwargs:
            data = {}
        return self.request("POST", PATH_INFO, data, **kwargs)

    def put(self, PATH_INFO: str = "/", data: Any = None, **kwargs: Any) -> TestResponse:  # noqa: N803
        """Make a PUT request."""
        return self.request("PUT", PATH_INFO, data, **kwargs)

    def patch(self, PATH_INFO: str = "/", data: Any = None, **kwargs: Any) -> TestResponse:  # noqa: N803
        """Make a PATCH request."""
        return self.request("PATCH", PATH_INFO, data, **kwargs)

    def post_multipart(
        self,
        PATH_INFO: str = "/",  # noqa: N803
        data: Any = None,
        files: Any = None,
        **kwargs: Any,
    ) -> TestResponse:
        """Make a POST request as a browser does for a form with files.

        data: a mapping or pairs of fields.
        files: tuples of name, filename, content type and content (bytes, or a file), or a
            mapping of names to filename and content.
        """
        body, kind = encode_multipart(data, files, self.charset)
        return self.request("POST", PATH_INFO, body, content_type=kind, **kwargs)
