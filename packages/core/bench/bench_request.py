"""CPU time of reading requests, ours beside webob's and falcon's.

    python packages/core/bench/bench_request.py [rounds]

Each row reads the same request with each library; answers are checked before anything is timed.
Rounds are interleaved, so that a busy machine slows all alike; figures are medians of the rounds, in
microseconds of CPU time, without the time that building the environ takes.
"""

import gc
import statistics
import sys
import time
import warnings
from importlib.metadata import version
from io import BytesIO

warnings.simplefilter("ignore")

import falcon
import webob

from tropea.core import Request, Response, to_wsgi

FORM = b"name=Fred+Flintstone&email=fred%40example.com&age=42&comment=Yabba+dabba+doo"
PLAIN_FORM = b"name=Fred&email=fred.example.com&age=42&comment=Yabbadabbadoo"
JSON = b'{"name": "Fred", "tags": ["a", "b", "c"], "age": 42, "nested": {"x": 1.5, "y": null}}'
MULTIPART = b"".join(
    b'--B\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % field
    for field in ((b"name", b"Fred Flintstone"), (b"email", b"fred@example.com"), (b"age", b"42"))
) + (
    b'--B\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\n'
    b"Content-Type: text/plain\r\n\r\n" + b"x" * 1000 + b"\r\n--B--\r\n"
)
COOKIE = "session=0123456789abcdef0123456789abcdef; theme=dark; visits=12"
ROUND = 4000


def environ(body=b"", kind="", query="", **more):
    return {
        "REQUEST_METHOD": "POST" if body else "GET", "SCRIPT_NAME": "", "PATH_INFO": "/hello", "QUERY_STRING": query,
        "SERVER_NAME": "localhost", "SERVER_PORT": "8080", "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": kind, "CONTENT_LENGTH": str(len(body)) if body else "",
        "HTTP_HOST": "localhost:8080",
        "HTTP_ACCEPT": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "HTTP_ACCEPT_LANGUAGE": "en-GB,en;q=0.5",
        "HTTP_ACCEPT_ENCODING": "gzip, deflate, br, zstd",
        "HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "HTTP_SEC_FETCH_DEST": "document",
        "HTTP_SEC_FETCH_MODE": "navigate",
        "HTTP_SEC_FETCH_SITE": "none",
        "HTTP_DNT": "1",
        "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": BytesIO(body), "wsgi.errors": sys.stderr,
        "wsgi.multithread": True, "wsgi.multiprocess": False, "wsgi.run_once": False, **more,
    }  # fmt: skip


URLENCODED = "application/x-www-form-urlencoded"
FALCON_OPTIONS = falcon.RequestOptions()
FALCON_OPTIONS.auto_parse_form_urlencoded = False
FORM_HANDLER = falcon.media.URLEncodedFormHandler()
JSON_HANDLER = falcon.media.JSONHandler()
FALCON_OPTIONS.media_handlers[URLENCODED] = FORM_HANDLER
FALCON_OPTIONS.media_handlers["application/json"] = JSON_HANDLER


def falcon_request(given):
    return falcon.Request(given, FALCON_OPTIONS)


class Hello:
    """What falcon calls for a route."""

    def on_get(self, request, response):
        response.content_type = "text/html; charset=UTF-8"
        response.text = f"Hello {request.get_param('name')}"

    def on_post(self, request, response):
        response.content_type = "text/html; charset=UTF-8"
        response.text = f"Hello {request.get_media().get('name')}"


FALCON_APP = falcon.App()
FALCON_APP.add_route("/hello", Hello())
OUR_QUERY = to_wsgi(lambda request: Response(f"Hello {request.query.get('name')}"))
OUR_FORM = to_wsgi(lambda request: Response(f"Hello {request.form.get('name')}"))


def webob_query(given, start_response):
    return webob.Response(f"Hello {webob.Request(given).GET.get('name')}")(given, start_response)


def webob_form(given, start_response):
    return webob.Response(f"Hello {webob.Request(given).POST.get('name')}")(given, start_response)


def answer_of(app):
    """Call an application as a server does."""

    def read(given):
        body = app(given, lambda status, headers, exc_info=None: None)
        content = b"".join(body)
        if hasattr(body, "close"):
            body.close()
        return content

    return read


def rows():
    """Name, environ factory, {library: reader}, the answer, target against a library."""
    query = lambda: environ(query="name=Fred&page=3&sort=date")
    quoted = lambda: environ(query="name=Fred%20Flintstone&page=3&sort=up+down")
    form = lambda: environ(FORM, URLENCODED)
    plain = lambda: environ(PLAIN_FORM, URLENCODED)
    json_body = lambda: environ(JSON, "application/json")
    multipart = lambda: environ(MULTIPART, "multipart/form-data; boundary=B")
    cookies = lambda: environ(HTTP_COOKIE=COOKIE)
    yield (
        "request object alone",
        environ,
        {
            "ours": lambda e: Request.of(e).method,
            "webob": lambda e: webob.Request(e).method,
            "falcon": lambda e: falcon_request(e).method,
        },
        "GET",
        (),
    )
    yield (
        "query",
        query,
        {
            "ours": lambda e: Request.of(e).query.get("name"),
            "webob": lambda e: webob.Request(e).GET.get("name"),
            "falcon": lambda e: falcon_request(e).get_param("name"),
        },
        "Fred",
        (),
    )
    yield (
        "query, quoted",
        quoted,
        {
            "ours": lambda e: Request.of(e).query.get("name"),
            "webob": lambda e: webob.Request(e).GET.get("name"),
            "falcon": lambda e: falcon_request(e).get_param("name"),
        },
        "Fred Flintstone",
        (),
    )
    for name, make, email in (
        ("form, quoted", form, "fred@example.com"),
        ("form", plain, "fred.example.com"),
    ):
        yield (
            name,
            make,
            {
                "ours": lambda e: Request.of(e).form.get("email"),
                "webob": lambda e: webob.Request(e).POST.get("email"),
                "falcon": lambda e: falcon_request(e).get_media().get("email"),
            },
            email,
            (("webob", 0.3),),
        )
    yield (
        "form through POST",
        plain,
        {
            "ours": lambda e: Request.of(e).POST.get("email"),
            "webob": lambda e: webob.Request(e).POST.get("email"),
        },
        "fred.example.com",
        (("webob", 0.3),),
    )
    yield (
        "multipart form with a file",
        multipart,
        {
            "ours": lambda e: Request.of(e).form.get("age"),
            "webob": lambda e: webob.Request(e).POST.get("age"),
        },
        "42",
        (),
    )
    yield (
        "JSON body",
        json_body,
        {
            "ours": lambda e: Request.of(e).json["name"],
            "webob": lambda e: webob.Request(e).json["name"],
            "falcon": lambda e: falcon_request(e).get_media()["name"],
        },
        "Fred",
        (("webob", 0.3),),
    )
    yield (
        "query through a handler",
        query,
        {
            "ours": answer_of(OUR_QUERY),
            "webob": answer_of(webob_query),
            "falcon": answer_of(FALCON_APP),
        },
        b"Hello Fred",
        (("falcon", 1.2),),
    )
    yield (
        "form through a handler",
        plain,
        {
            "ours": answer_of(OUR_FORM),
            "webob": answer_of(webob_form),
            "falcon": answer_of(FALCON_APP),
        },
        b"Hello Fred",
        (("falcon", 1.2), ("webob", 0.3)),
    )
    yield (
        "cookies",
        cookies,
        {
            "ours": lambda e: Request.of(e).cookies.get("theme"),
            "webob": lambda e: webob.Request(e).cookies.get("theme"),
            "falcon": lambda e: falcon_request(e).cookies.get("theme"),
        },
        "dark",
        (),
    )


def timed(make, read):
    environs = [make() for _ in range(ROUND)]
    gc.collect()
    start = time.process_time()
    for given in environs:
        read(given)
    return (time.process_time() - start) / ROUND * 1e6


def main(rounds=15):
    print(
        f"Python {sys.version.split()[0]}, webob {version('webob')}, falcon {falcon.__version__}; µs of CPU, medians of {rounds} rounds"
    )
    print(f"{'':28}{'ours':>8}{'webob':>8}{'falcon':>8}   ours/webob  ours/falcon  targets")
    for name, make, readers, answer, targets in rows():
        for library, read in readers.items():
            found = read(make())
            assert found == answer, f"{name}: {library} answers {found!r}, not {answer!r}"
        figures = {library: [] for library in readers}
        for _ in range(rounds):
            for library, read in readers.items():
                figures[library].append(timed(make, read))
        median = {library: statistics.median(values) for library, values in figures.items()}
        columns = "".join(
            f"{median[library]:8.2f}" if library in median else " " * 8
            for library in ("ours", "webob", "falcon")
        )
        ratios = [
            median["ours"] / median[library] if library in median else None
            for library in ("webob", "falcon")
        ]
        told = ", ".join(
            f"{'met' if median['ours'] <= limit * median[library] else 'MISSED'}: {limit} x {library}"
            for library, limit in targets
        )
        print(
            f"{name:28}{columns}   {ratios[0]:10.2f}  {'' if ratios[1] is None else format(ratios[1], '11.2f'):>11}  {told}"
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
