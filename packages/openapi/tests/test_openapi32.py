"""What OpenAPI 3.2 adds, and openapi-core does not read."""

import json
import logging
from importlib.metadata import version as version_of

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tropea.core.testing import TestApp, assert_linear
from tropea.openapi import InvalidResponse, OpenAPIMiddleware
from tropea.openapi.sequences import Splitter

pytestmark = pytest.mark.skipif(
    tuple(map(int, version_of("openapi-core").split(".")[:2])) < (0, 23),
    reason="openapi-core 0.22 knows no OpenAPI 3.2",
)
PET = {
    "type": "object",
    "required": ["name"],
    "properties": {"name": {"type": "string"}, "born": {"type": "string", "format": "date"}},
}
EVENT = {
    "type": "object",
    "required": ["data"],
    "properties": {
        "data": {"type": "string", "maxLength": 12},
        "retry": {"type": "integer", "maximum": 100},
    },
}


def made(operation, method="post", **more):
    operation = {"responses": {"200": {"description": "ok"}}, **operation}
    return {
        "openapi": "3.2.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/x": {method: operation}},
        **more,
    }


class TestSequencesInRequests:
    @pytest.fixture
    def post(self):
        seen = []

        def app(environ, start_response):
            seen.append((environ["tropea.api"].body, environ["wsgi.input"].read()))
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [b"ok"]

        def ask(body, kind="application/jsonl", **options):
            content = {kind: {"itemSchema": PET}}
            visitor = TestApp(
                OpenAPIMiddleware(app, made({"requestBody": {"content": content}}), **options)
            )
            seen.clear()
            answer = visitor.post("/x", data=body, CONTENT_TYPE=kind)
            return int(answer.status[:3]), (seen[0] if seen else answer.json)

        return ask

    @pytest.mark.parametrize("kind", ["application/jsonl", "application/x-ndjson"])
    def test_each_line_is_an_item_and_the_body_can_still_be_read(self, post, kind):
        body = b'{"name": "Rex"}\n\n{"name": "Fido", "born": "2020-01-02"}'
        status, (items, again) = post(body, kind)
        assert (status, again) == (200, body)
        assert [item["name"] for item in items] == ["Rex", "Fido"]
        assert items[1]["born"].year == 2020

    def test_text_sequences_are_read(self, post):
        status, (items, _) = post(
            b'\x1e{"name": "Rex"}\n\x1e{"name":\n"Fido"}\n', "application/json-seq"
        )
        assert (status, [item["name"] for item in items]) == (200, ["Rex", "Fido"])

    def test_the_item_that_does_not_fit_is_named(self, post):
        status, problem = post(b'{"name": "Rex"}\n{"name": 5}\n{}')
        assert status == 422
        assert [(e["name"], e["in"]) for e in problem["errors"]] == [
            ("/1/name", "body"),
            ("/2", "body"),
        ]

    def test_a_line_that_is_no_json_is_400(self, post):
        assert post(b'{"name": "Rex"}\n{"name"')[0] == 400
        assert post(b"[" * 5000)[0] == 400
        assert post(b'{"name": NaN}')[0] in (400, 422)

    def test_more_than_the_bound_is_413(self, post):
        assert post(b'{"name": "Rex"}\n' * 100, max_body=200)[0] == 413

    def test_without_an_item_schema_such_a_body_is_the_applications_to_stream(self):
        inputs = []

        def app(environ, start_response):
            inputs.append(environ["wsgi.input"])
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [b"ok"]

        class Untouchable:
            def read(self, *args):
                raise AssertionError("the layer read a streaming body")

        source = Untouchable()
        content = {"application/jsonl": {"schema": {"type": "array"}}}
        layer = OpenAPIMiddleware(app, made({"requestBody": {"content": content}}))
        environ = {"REQUEST_METHOD": "POST", "PATH_INFO": "/x", "CONTENT_TYPE": "application/jsonl",
                   "CONTENT_LENGTH": "5", "wsgi.input": source}  # fmt: skip
        assert layer(environ, lambda *head: None) == [b"ok"]
        assert inputs == [source]


class TestSequencesInAnswers:
    @pytest.fixture
    def answer(self):
        closed = []

        class Stream:
            def __init__(self, blocks):
                self.blocks = iter(blocks)

            def __iter__(self):
                return self.blocks

            def close(self):
                closed.append(True)

        def ask(blocks, kind="application/jsonl", schema=PET, stream=True, method="GET", **options):
            def app(environ, start_response):
                start_response("200 OK", [("Content-Type", kind)])
                return Stream(blocks) if stream else list(blocks)

            content = {"200": {"description": "ok", "content": {kind: {"itemSchema": schema}}}}
            layer = OpenAPIMiddleware(
                app, made({"responses": content}, "get"), **{"responses": "raise", **options}
            )
            closed.clear()
            body = layer({"REQUEST_METHOD": method, "PATH_INFO": "/x"}, lambda *head: None)
            got = []
            try:
                got.extend(body)
            except InvalidResponse as error:
                got.append(error)
            finally:
                if hasattr(body, "close"):
                    body.close()
            assert closed == ([True] if stream else [])
            return got

        return ask

    def test_each_block_passes_at_once_and_as_it_is(self, answer):
        blocks = [b'{"na', b'me": "Rex"}\n{"name"', b': "Fido"}\n', b"", b'{"name": "Bello"}']
        assert answer(blocks) == blocks

    def test_what_was_good_is_sent_before_what_is_not(self, answer):
        first, error = answer([b'{"name": "Rex"}\n', b'{"name": 5}\n', b'{"name": "Fido"}\n'])
        assert first == b'{"name": "Rex"}\n'
        assert "body /1/name: is not of type string" in str(error)

    def test_the_end_is_an_item_too(self, answer):
        assert "body /0" in str(answer([b"{}"])[-1])

    def test_it_is_logged_once_where_that_is_wanted(self, answer, caplog):
        blocks = [b"{}\n"] * 5
        with caplog.at_level(logging.WARNING, "tropea.openapi"):
            assert answer(blocks, responses="log") == blocks
        assert len(caplog.records) == 1

    def test_a_body_that_is_there_is_checked_before_anything_is_sent(self, answer):
        with pytest.raises(InvalidResponse, match="body /1"):
            answer([b'{"name": "Rex"}\n', b"{}"], stream=False)

    def test_events_are_objects(self, answer):
        good = [
            b": hello\n\nevent: add\r\nda",
            b"ta: one\r",
            b"\ndata: two\r\n\r\nretry: 50\ndata: x\n\n",
            b"data: cut",
        ]
        assert answer(good, "text/event-stream", EVENT) == good
        assert "/0/data" in str(
            answer([b"data: far too long a text\n\n"], "text/event-stream", EVENT)[-1]
        )
        assert "/0/retry" in str(
            answer([b"data: a\nretry: 500\n\n"], "text/event-stream", EVENT)[-1]
        )
        assert "'data' is a required" in str(answer([b"id: 5\r\r"], "text/event-stream", EVENT)[-1])

    def test_an_item_without_end_is_no_endless_memory(self, answer):
        blocks = [b"x" * 100_000] * 30
        found = answer(blocks)
        assert "more than 1048576 bytes" in str(found[-1])
        assert len(found) == 11

    def test_a_head_is_not_looked_at(self, answer):
        assert answer([b"{}"], method="HEAD") == [b"{}"]


class TestSplitting:
    @given(
        st.lists(
            st.sampled_from([b"a", b"bc", b"\n", b"\r\n", b"\r", b"\n\n", b": x", b" "]),
            max_size=30,
        ),
        st.data(),
    )
    def test_blocks_do_not_matter(self, parts, data):
        whole = b"".join(parts)
        cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=6)))
        blocks = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
        for kind in ("application/jsonl", "application/json-seq", "text/event-stream"):
            one, many = Splitter(kind), Splitter(kind)
            expected = one.feed(whole) + one.finish()
            found = [item for block in blocks for item in many.feed(block)] + many.finish()
            assert found == expected

    def test_many_small_blocks_take_linear_time(self):
        def fed(count):
            def call():
                splitter = Splitter("application/jsonl", 10**9)
                for _ in range(count):
                    splitter.feed(b"xyz")

            return call

        assert_linear(fed, 10_000)


class TestReferences:
    @pytest.fixture
    def spec(self):
        own = "https://api.example.com/v1/api.json"
        return made(
            {"requestBody": {"content": {"application/json": {"$ref": "#/components/mediaTypes/Pet"}}},
             "security": [{"#/components/securitySchemes/key": []}]},
            **{"$self": own},
            components={
                "mediaTypes": {"Pet": {"schema": {"$ref": f"{own}#/components/schemas/Pet"}}},
                "schemas": {"Pet": {**PET, "properties": {"mother": {"$ref": "api.json#/components/schemas/Pet"}}}},
                "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}},
            },
        )  # fmt: skip

    def test_a_media_type_may_be_a_reference_and_the_description_refers_to_itself(self, spec):
        visitor = TestApp(OpenAPIMiddleware(good, spec))
        asked = {"HTTP_X_KEY": "k"}
        assert (
            visitor.post("/x", json={"name": "Rex", "mother": {"name": "Lassie"}}, **asked).status[
                :3
            ]
            == "200"
        )
        assert visitor.post("/x", json={}, **asked).status[:3] == "422"
        assert visitor.post("/x", json={"name": "Rex", "mother": {}}, **asked).status[:3] == "422"
        assert "required" in visitor.get("/docs").body.decode()

    def test_a_security_scheme_may_be_named_by_its_address(self, spec):
        visitor = TestApp(
            OpenAPIMiddleware(
                good, spec, verifiers={"key": lambda environ, key, scopes: key == "k"}
            )
        )
        assert visitor.post("/x", json={"name": "Rex"}).status[:3] == "401"
        assert visitor.post("/x", json={"name": "Rex"}, HTTP_X_KEY="other").status[:3] == "403"
        assert visitor.post("/x", json={"name": "Rex"}, HTTP_X_KEY="k").status[:3] == "200"


class TestCookies:
    def parameter(self, schema, **more):
        return {
            "parameters": [
                {"name": "c", "in": "cookie", "style": "cookie", "schema": schema, **more}
            ]
        }

    def read(self, operation, field):
        seen = []

        def app(environ, start_response):
            seen.append(environ["tropea.api"].cookie)
            return good(environ, start_response)

        answer = TestApp(OpenAPIMiddleware(app, made(operation, "get"))).get(
            "/x", HTTP_COOKIE=field
        )
        return seen[0] if seen else int(answer.status[:3])

    def test_an_array_is_a_cookie_for_each_item(self):
        operation = self.parameter({"type": "array", "items": {"type": "integer"}, "maxItems": 2})
        assert self.read(operation, "c=1; sid=x; c=2") == {"c": [1, 2]}
        assert self.read(operation, "c=1; c=2; c=3") == 400
        assert self.read(operation, "sid=x") == {}

    def test_an_object_is_a_cookie_for_each_property(self):
        schema = {
            "type": "object",
            "properties": {"R": {"type": "integer"}, "G": {"type": "integer"}},
        }
        assert self.read(self.parameter(schema), "R=100; G=200; sid=x") == {
            "c": {"R": 100, "G": 200}
        }
        assert self.read(self.parameter(schema), "R=red") == 400

    def test_a_single_value_is_as_ever(self):
        assert self.read(self.parameter({"type": "integer"}, required=True), "c=5") == {"c": 5}
        assert self.read(self.parameter({"type": "integer"}, required=True), "d=5") == 400


def good(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"ok"]


def test_a_response_needs_no_description_and_the_page_shows_its_summary():
    spec = made({"responses": {"200": {"summary": "In short"}, "204": {}}}, "get")
    visitor = TestApp(OpenAPIMiddleware(good, spec))
    assert visitor.get("/x").status[:3] == "200"
    assert "In short" in visitor.get("/docs").body.decode()
    assert json.loads(visitor.get("/openapi.json").body)["openapi"] == "3.2.0"
