"""Answers are held against the description where that is asked for, and streams are left alone."""

import gzip
import json
import logging

import pytest

from tropea.openapi import InvalidResponse, OpenAPIMiddleware

PET = json.dumps({"name": "Rex"}).encode()


@pytest.fixture
def answer(visit):
    """Ask for a pet of an application that gives this answer; return what the layer made of it."""

    def ask(
        status="200 OK",
        fields=(("Content-Type", "application/json"),),
        body=(PET,),
        method="GET",
        **options,
    ):
        def app(environ, start_response):
            start_response(status, list(fields))
            return body if not isinstance(body, tuple) else list(body)

        options = {"responses": "raise", **options}
        return visit(app=app, **options).request(method, "/pets/1")

    return ask


class TestWatching:
    def test_a_good_answer_goes_out_as_it_is(self, answer):
        assert answer().body == PET

    @pytest.mark.parametrize(("change", "said"), [
        ({"status": "201 Created"}, "201: is not in the description"),
        ({"body": (b'{"name": 5}',)}, "body /name: is not of type string"),
        ({"body": (b"{",)}, "cannot be read"),
        ({"body": ()}, "cannot be read"),
        ({"fields": [("Content-Type", "text/html")]}, "Content-Type: text/html is not in the description"),
        ({"fields": []}, "no media type"),
    ])  # fmt: skip
    def test_another_answer_raises_before_anything_was_sent(self, answer, change, said):
        with pytest.raises(InvalidResponse, match=said):
            answer(**change)

    def test_it_is_logged_where_that_is_wanted(self, answer, caplog):
        with caplog.at_level(logging.WARNING, "tropea.openapi"):
            assert answer(body=(b"{}",), responses="log").body == b"{}"
        (record,) = caplog.records
        assert "GET /pets/{id}: 200" in record.getMessage() and "name" in record.getMessage()

    def test_nobody_looks_unless_asked(self, answer):
        assert answer(body=(b"{}",), responses="off").body == b"{}"

    def test_a_class_of_statuses_has_a_rule(self, answer):
        assert (
            answer(
                status="404 Not Found", fields=[("Content-Type", "text/html")], body=(b"",)
            ).status[:3]
            == "404"
        )

    def test_a_head_has_no_body_to_look_at(self, answer):
        assert answer(method="HEAD", body=()).body == b""

    def test_a_compressed_body_is_not_looked_at(self, answer):
        fields = [("Content-Type", "application/json"), ("Content-Encoding", "gzip")]
        assert gzip.decompress(answer(fields=fields, body=(gzip.compress(b"{}"),)).body) == b"{}"

    def test_a_streaming_body_is_not_read(self, spec):
        def stream():
            raise AssertionError("the layer read a streaming body")
            yield b""

        def app(environ, start_response):
            start_response("200 OK", [("Content-Type", "application/json")])
            return body

        body = stream()
        layer = OpenAPIMiddleware(app, spec, responses="raise")
        heads = []
        environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/pets/1"}
        assert layer(environ, lambda *head: heads.append(head)) is body
        assert heads[0][0] == "200 OK"

    def test_the_body_of_a_refused_answer_is_closed(self, spec):
        closed = []

        class Body(list):
            def close(self):
                closed.append(True)

        def app(environ, start_response):
            start_response("200 OK", [("Content-Type", "application/json")])
            return Body([b"{}"])

        layer = OpenAPIMiddleware(app, spec, responses="raise")
        with pytest.raises(InvalidResponse):
            layer({"REQUEST_METHOD": "GET", "PATH_INFO": "/pets/1"}, None)
        assert closed == [True]

    def test_header_fields_are_found_in_any_case(self, spec, visit):
        spec["paths"]["/pets"]["get"]["responses"] = {"200": {"description": "ok", "headers": {
            "X-Count": {"required": True, "schema": {"type": "integer"}},
            "X-Tags": {"schema": {"type": "array", "items": {"type": "string", "maxLength": 2}}},
            "X-Free": {"schema": {"type": "string"}}}}}  # fmt: skip

        def ask(*fields):
            def app(environ, start_response):
                start_response("200 OK", [("Content-Type", "text/plain"), *fields])
                return [b"ok"]

            return visit(spec, app, responses="raise").get("/pets").status

        assert ask(("x-count", "5"), ("X-TAGS", "a, b")) == "200 OK"
        for wrong in ([], [("X-Count", "x")], [("X-Count", "1"), ("X-Tags", "abc")]):
            with pytest.raises(InvalidResponse):
                ask(*wrong)

    def test_write_only_properties_of_3_0_have_no_place_in_answers(self, spec_of, visit):
        schema = {
            "type": "object",
            "properties": {"password": {"type": "string", "writeOnly": True}},
        }
        content = {"application/json": {"schema": schema}}
        spec = spec_of(
            {"responses": {"200": {"description": "ok", "content": content}}}, version="3.0.3"
        )

        def app(environ, start_response):
            start_response("200 OK", [("Content-Type", "application/json")])
            return [b'{"password": "p"}']

        with pytest.raises(InvalidResponse):
            visit(spec, app, responses="raise").get("/x")


def test_a_sample_of_the_answers_is_looked_at(spec):
    looked = []

    class Body(list):
        def __iter__(self):
            looked.append(True)
            return super().__iter__()

    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "application/json")])
        return Body([PET])

    layer = OpenAPIMiddleware(app, spec, responses="raise", sample=0.25)
    chances = iter([0.1, 0.3, 0.9, 0.24, 0.25])
    layer.chance = lambda: next(chances)
    for _ in range(5):
        layer({"REQUEST_METHOD": "GET", "PATH_INFO": "/pets/1"}, lambda *head: None)
    assert len(looked) == 2
