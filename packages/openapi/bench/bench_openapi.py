"""What validation costs, beside openapi-core alone.

    python packages/openapi/bench/bench_openapi.py

CPU time, interleaved rounds, medians; the answers are checked first.
"""

import io
import json
import statistics
import time

from openapi_core import OpenAPI

from tropea.openapi import OpenAPIMiddleware, OpenAPIRequest

ROUNDS, CALLS = 9, 150
PET = {
    "type": "object", "required": ["name"],
    "properties": {
        "name": {"type": "string", "maxLength": 40}, "age": {"type": "integer", "minimum": 0},
        "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 10},
    },
}  # fmt: skip
DATED = {**PET, "properties": {**PET["properties"], "born": {"type": "string", "format": "date"}}}
ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
LIMIT = {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 100}}
ANSWER = {"200": {"description": "it is done"}}


def post(schema):
    content = {"application/json": {"schema": schema}}
    return {"post": {"requestBody": {"required": True, "content": content}, "responses": ANSWER}}


def make_spec(paths):
    filler = {
        f"/other{n}/{{id}}": {"get": {"parameters": [ID], "responses": ANSWER}}
        for n in range(paths)
    }
    return {
        "openapi": "3.1.0", "info": {"title": "Pets", "version": "1"},
        "paths": {**filler,
                  "/pets/{id}": {"get": {"parameters": [ID, LIMIT], "responses": ANSWER}},
                  "/pets": post(PET), "/dated": post(DATED)},
    }  # fmt: skip


BODY = json.dumps({"name": "Rex", "age": 3, "tags": ["dog", "brown"]}).encode()
DATED_BODY = json.dumps({"name": "Rex", "age": 3, "tags": ["dog"], "born": "2020-01-02"}).encode()
REQUESTS = {
    "path and query parameter": ("GET", "/pets/7", "limit=10", b""),
    "JSON body": ("POST", "/pets", "", BODY),
    "JSON body with a date": ("POST", "/dated", "", DATED_BODY),
}


def environ(method, path, query, body):
    return {
        "REQUEST_METHOD": method, "SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": query,
        "SERVER_NAME": "localhost", "SERVER_PORT": "80", "HTTP_HOST": "localhost",
        "CONTENT_TYPE": "application/json" if body else "", "CONTENT_LENGTH": str(len(body)) if body else "",
        "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(body),
    }  # fmt: skip


def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
    return [b"ok"]


def start(status, headers, exc_info=None):
    assert status == "200 OK", status


def candidates(paths):
    spec = make_spec(paths)
    layer = OpenAPIMiddleware(app, spec)
    core = OpenAPI.from_dict(spec)

    def alone(environ):
        result = core.unmarshal_request(OpenAPIRequest(environ))
        assert not result.errors, result.errors

    return {
        "application alone": lambda environ: app(environ, start),
        "OpenAPIMiddleware": lambda environ: layer(environ, start),
        "openapi-core alone": alone,
    }


def measure(candidate, request, calls):
    environs = [environ(*request) for _ in range(calls)]
    began = time.process_time()
    for one in environs:
        candidate(one)
    return (time.process_time() - began) / calls * 1e6


def main():
    for paths in (10, 200):
        known = candidates(paths)
        print(
            f"\n{paths + 3} paths, us a request{'':9}"
            + "".join(f"{name:>20}" for name in known)
            + f"{'ratio':>8}"
        )
        for title, request in REQUESTS.items():
            times = {name: [] for name in known}
            for _ in range(ROUNDS):
                for name, candidate in known.items():
                    calls = CALLS // 5 if name == "openapi-core alone" else CALLS
                    times[name].append(measure(candidate, request, calls))
            middle = {name: statistics.median(values) for name, values in times.items()}
            ratio = middle["OpenAPIMiddleware"] / middle["openapi-core alone"]
            print(
                f"{title:30}"
                + "".join(f"{value:20.1f}" for value in middle.values())
                + f"{ratio:8.2f}"
            )


if __name__ == "__main__":
    main()
