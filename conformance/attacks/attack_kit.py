"""One request at a WSGI application, and what has to hold of its answer."""

from __future__ import annotations

import io
import json
import re
import time
import tracemalloc
from pathlib import Path
from urllib.parse import urljoin, urlsplit

CASES = Path(__file__).parent / "cases"
PEER = "203.0.113.9"


def cases(*names):
    """Read the cases of some areas."""
    return [case for name in names for case in json.loads((CASES / f"{name}.json").read_text())]


def spelled(value, **words):
    """Write a value out: ``$rep`` is prefix + unit × n + suffix, ``{{WORD}}`` a word."""
    if isinstance(value, dict) and "$rep" in value:
        prefix, unit, count, suffix = value["$rep"]
        value = prefix + unit * count + suffix
    if isinstance(value, str):
        for word, text in words.items():
            value = value.replace("{{" + word + "}}", text)
    return value


class Answer:
    """A whole answer, how often its body was closed, and what it took to make it."""

    def __init__(self, status, fields, body, cpu_ms, peak, environ):
        self.status, self.fields, self.body = int(status[:3]), fields, body
        self.cpu_ms, self.peak, self.environ = cpu_ms, peak, environ
        self.text = body.decode("latin-1")
        self.raw_status = status

    def all(self, name):
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def get(self, name):
        found = self.all(name)
        return ", ".join(found) if found else None

    @property
    def cookie(self):
        found = self.all("Set-Cookie")
        return found[0].partition(";")[0].split("=", 1) if found else None

    def __repr__(self):
        return f"{self.raw_status} {self.fields} {self.text[:300]!r}"


def environ_of(request, **words):
    path, _, query = spelled(request["path"], **words), "", ""
    if request.get("query", True) and "?" in path and not request.get("verbatim"):
        path, _, query = path.partition("?")
    body = spelled(request.get("body", ""))
    body = body.encode("latin-1") if isinstance(body, str) else body
    environ = {
        "REQUEST_METHOD": request["method"], "SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": query,
        "SERVER_NAME": "testserver.invalid", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": PEER, "HTTP_HOST": "testserver.invalid",
        "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(), "wsgi.multithread": True, "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }  # fmt: skip
    if body:
        environ["CONTENT_LENGTH"] = str(len(body))
    for name, value in request.get("headers", {}).items():
        key = name.upper().replace("-", "_")
        if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            key = "HTTP_" + key
        environ[key] = spelled(value, **words)
    environ.update(request.get("environ", {}))
    return environ


def call(app, environ, *, memory=False):
    """Run one request to its end, as a server does."""
    started, written = [], []
    peak, size, blocks = 0, 0, []

    def start_response(status, fields, exc_info=None):
        if exc_info is not None and (written or size):
            raise exc_info[1]  # the head has been sent
        assert exc_info is not None or not started, "start_response called twice"
        started[:] = [status, list(fields)]
        return written.append

    if memory:
        tracemalloc.start()
        base = tracemalloc.get_traced_memory()[0]
    begun = time.thread_time()
    try:
        result = app(environ, start_response)
        try:
            for block in result:
                assert isinstance(block, bytes), f"a body of {type(block).__name__}"
                assert started or not block, "a block before start_response"
                size += len(block)
                if not memory:
                    blocks.append(block)
        finally:
            if hasattr(result, "close"):
                result.close()
        assert started, "start_response was never called"
    finally:
        cpu = 1000 * (time.thread_time() - begun)
        if memory:
            peak = tracemalloc.get_traced_memory()[1] - base
            tracemalloc.stop()
    body = b"".join([*written, *blocks])
    if environ["REQUEST_METHOD"] == "HEAD":
        body = b""  # a server sends none
    return Answer(started[0], started[1], body, cpu, peak, environ)


def check(expect, answers, **seen):
    """Assert everything that *expect* names; a key that nobody checks is an error."""
    for key, wanted in expect.items():
        CHECKS[key](wanted, answers[-1], answers, seen)


def holds(expect, answers, seen):
    try:
        check(expect, answers, **seen)
    except AssertionError:
        return False
    return True


def words_of(wanted):
    return [wanted] if isinstance(wanted, str) else wanted


def same_origin(answer):
    location = answer.get("Location")
    if location is None:
        return True
    meant = re.sub(r"[\t\r\n]", "", location).strip(" \0").replace("\\", "/")
    there = urlsplit(urljoin("http://testserver.invalid/", meant))
    return there.netloc == "testserver.invalid" and there.scheme in ("http", "https")


def truth(value):
    assert value
    return value


def clean(answer):
    return not any(set("\r\n\0") & set(text) for pair in answer.fields for text in pair)


def head(answer):
    return "\n".join(": ".join(field) for field in answer.fields)


def flags(answer):
    return [part.strip() for part in (answer.get("Set-Cookie") or "").split(";")[1:]]


def has_flag(answer, flag):
    return any(re.fullmatch(flag, part) for part in flags(answer))


def deleted(answer):
    return any("max-age=0" in field.lower() for field in answer.all("Set-Cookie"))


CHECKS = {
    "status_in": lambda w, a, _, s: truth(a.status in w),
    "status_lt": lambda w, a, _, s: truth(a.status < w),
    "body_equals": lambda w, a, _, s: truth(a.text == w),
    "body_not_equals": lambda w, a, _, s: truth(a.text != w),
    "body_in": lambda w, a, _, s: truth(a.status != 200 or a.text in w),
    "body_len": lambda w, a, _, s: truth(len(a.body) == w),
    "body_max": lambda w, a, _, s: truth(len(a.body) <= w),
    "body_not_contains": lambda w, a, _, s: truth(not any(x in a.text for x in words_of(w))),
    "body_not_re": lambda w, a, _, s: truth(not re.search(w, a.text)),
    "response_not_contains": lambda w, a, _, s: truth(
        not any(spelled(x, **s["words"]) in a.text + head(a) for x in words_of(w))),
    "headers_not_contain": lambda w, a, _, s: truth(not any(x in head(a) for x in words_of(w))),
    "headers_clean": lambda w, a, _, s: truth(clean(a)),
    "location_same_origin": lambda w, a, _, s: truth(same_origin(a)),
    "location_relative_or_absent": lambda w, a, _, s: truth(not urlsplit(a.get("Location") or "").netloc),
    "header_equals": lambda w, a, _, s: truth({n: a.get(n) for n in w} == w),
    "header_re": lambda w, a, _, s: truth(all(re.search(v, a.get(n) or "") for n, v in w.items())),
    "header_not_re": lambda w, a, _, s: truth(not any(re.search(v, a.get(n) or "") for n, v in w.items())),
    "header_present": lambda w, a, _, s: truth(all(a.all(n) for n in w)),
    "header_absent": lambda w, a, _, s: truth(not any(a.all(n) for n in w)),
    "header_differs_from_step": lambda w, a, all_, s: truth(a.get(w[1]) != all_[w[0]].get(w[1])),
    "content_length_true": lambda w, a, _, s: truth(int(a.get("Content-Length")) == len(a.body)),
    "allow_if_405": lambda w, a, _, s: truth(a.status != 405 or a.all("Allow")),
    "max_ms": lambda w, a, _, s: truth(a.cpu_ms <= w),  # of this thread's processor time
    "rss_growth_max_mib": lambda w, a, _, s: truth(a.peak <= w << 20),  # as allocated by Python
    "same_body_as_step": lambda w, a, all_, s: truth(a.body == all_[w].body),
    "same_status_as_step": lambda w, a, all_, s: truth(a.status == all_[w].status),
    "same_headers_as_step": lambda w, a, all_, s: truth(a.fields == all_[w].fields),
    "different_body_from_step": lambda w, a, all_, s: truth(a.body != all_[w].body),
    "env_equals": lambda w, a, _, s: truth({n: s["inner"][n] for n in w} == w),
    "env_in": lambda w, a, _, s: truth(all(s["inner"][n] in v for n, v in w.items())),
    "env_not_re": lambda w, a, _, s: truth(not any(re.search(v, s["inner"][n]) for n, v in w.items())),
    "downstream_path_not": lambda w, a, _, s: truth(s["inner"].get("PATH_INFO") not in w),
    "or": lambda w, a, all_, s: truth(any(holds(one, all_, s) for one in w)),
    "field_form_honoured": lambda w, a, _, s: truth(not a.all("Set-Cookie")),
    "store_entries": lambda w, a, _, s: truth(s["entries"]() == w),
    "store_bytes_max": lambda w, a, _, s: truth(s["store_bytes"]() <= s["configured"] * 1.1),
    "store_not_contains": lambda w, a, _, s: truth(spelled(w, **s["words"]) not in s["stored"]()),
    "all_bodies_distinct": lambda w, a, all_, s: truth(len({x.body for x in all_}) == len(all_)),
    "cookie_flags": lambda w, a, _, s: truth(all(has_flag(a, f) for f in w)),
    "cookie_flags_absent": lambda w, a, _, s: truth(not any(has_flag(a, f + ".*") for f in w)),
    "cookie_deleted": lambda w, a, _, s: truth(deleted(a)),
    "if_set_cookie": lambda w, a, all_, s: truth(not a.all("Set-Cookie") or holds(w, all_, s)),
    "log_lines_max": lambda w, a, _, s: truth(len(s["log"].records) <= w),
    "log_not_contains": lambda w, a, _, s: truth(spelled(w, **s["words"]) not in s["log"].text),
    "log_clean": lambda w, a, _, s: truth(
        not re.search(r"[\x00-\x08\x0b-\x1f\x7f]|^fake log line", s["log"].text, re.M)),
    "deterministic": lambda w, a, _, s: truth(s["again"]().body == a.body),
    "id_not_adopted": lambda w, a, _, s: truth(a.cookie is None or a.cookie[1] != s["sent"]),
    "no_file_outside": lambda w, a, _, s: truth(s["files"]() == []),
    "no_side_effect": lambda w, a, _, s: truth(s["files"]() == []),
}  # fmt: skip
