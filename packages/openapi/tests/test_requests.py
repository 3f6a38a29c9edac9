"""Requests are let through with their values, or answered with the status that says why not."""

import io
import json

import pytest

from tropea.core.keys import API
from tropea.core.request import Request
from tropea.core.testing import make_environ
from tropea.openapi import PROBLEMS, OpenAPIMiddleware


def places(page):
    return [(error["in"], error["name"]) for error in page["errors"]]


class TestGoodRequests:
    def test_values_are_converted_and_defaults_put_in(self, visitor):
        assert visitor.ask("GET", "/pets/7")[1]["path"] == {"id": 7}
        assert visitor.ask("GET", "/pets?limit=5")[1]["query"] == {"limit": 5}
        assert visitor.ask("GET", "/pets")[1]["query"] == {"limit": 20}

    def test_request_api_has_the_unmarshalled_body(self, visit):
        seen = []

        def app(environ, start_response):
            seen.append(Request.of(environ).api.body)
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [b"ok"]

        visit(app=app).post("/pets", json={"name": "Rex", "born": "2020-01-02"})
        assert str(seen[0]["born"]) == "2020-01-02" and seen[0]["born"].year == 2020

    def test_the_application_can_still_read_the_body(self, visit):
        seen = []

        def app(environ, start_response):
            seen.append(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
            seen.append(Request.of(environ).json)
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [b"ok"]

        visit(app=app).post("/pets", json={"name": "Rex"})
        assert json.loads(seen[0]) == {"name": "Rex"} == seen[1]

    def test_the_most_concrete_path_is_taken(self, visitor):
        assert visitor.ask("GET", "/pets/mine")[1]["operation"] == "GET /pets/mine"

    def test_a_method_is_looked_for_in_every_path_that_matches(self, visitor):
        assert visitor.ask("DELETE", "/pets/mine")[0] in {400, 401}  # of /pets/{id}

    def test_a_head_request_is_validated_as_its_get(self, visitor):
        assert visitor.head("/pets/7").status.startswith("200")
        answer = visitor.head("/pets/x")
        assert answer.status.startswith("400") and answer.body == b""

    def test_what_somebody_else_put_under_the_key_is_taken_out(self, visit):
        status, found = visit(unknown="pass").ask("GET", "/else", **{API: "forged"})
        assert (status, found) == (200, None)

    @pytest.mark.parametrize("accept", ["text/html", "application/xml;q=0.1", "nonsense", ""])
    def test_accept_is_left_alone(self, visitor, accept):
        assert visitor.ask("GET", "/pets", HTTP_ACCEPT=accept)[0] == 200


class TestRefusals:
    @pytest.mark.parametrize(
        "query",
        [
            "limit=x",
            "limit=",
            "limit=101",
            "limit=1_0",
            "limit=%D9%A3",
            "limit=1&limit=2",
            "limit=%FF",
        ],
    )
    def test_400_a_parameter_that_cannot_be_read(self, visitor, query):
        status, page = visitor.ask("GET", f"/pets?{query}")
        assert (status, places(page)) == (400, [("query", "limit")])

    def test_400_a_body_that_is_no_json(self, visitor):
        for body in (b"{", b"\xff", b'{"name": NaN}', b"[" * 5000, b'{"name": "Rex"} x'):
            answer = visitor.post("/pets", data=body, CONTENT_TYPE="application/json")
            assert answer.status.startswith("400"), body

    def test_400_a_required_body_that_is_missing(self, visitor):
        assert visitor.ask("POST", "/pets")[0] == 400

    def test_422_a_body_of_another_form_with_pointers_to_what_is_wrong(self, visitor):
        status, page = visitor.ask("POST", "/pets", json={"name": "", "mother": {"name": 5}})
        assert status == 422
        assert places(page) == [("body", "/name"), ("body", "/mother/name")]

    def test_415_a_type_that_the_operation_does_not_take(self, visitor):
        for kind in (
            "text/plain",
            "application/jsonx",
            "nonsense",
            "application/x-www-form-urlencoded",
        ):
            assert visitor.ask("POST", "/pets", data=b"{}", CONTENT_TYPE=kind)[0] == 415, kind

    @pytest.mark.parametrize(
        "kind",
        [
            "Application/JSON",
            'application/json; charset="UTF-8"',
            "application/json;",
            "application/json; a=b=c; d",
        ],
    )
    def test_media_types_are_read_as_http_has_them(self, visitor, kind):
        assert visitor.ask("POST", "/pets", data=b'{"name": "Rex"}', CONTENT_TYPE=kind)[0] == 200

    def test_413_a_body_over_the_limit_is_not_read(self, visit):
        body = io.BytesIO(b"x" * 200)
        visitor = visit(max_body=100)
        answer = visitor.request("POST", "/pets", data=b"x" * 200, CONTENT_TYPE="application/json")
        assert answer.status.startswith("413")

    def test_400_a_length_that_is_none(self, visit):
        status = []
        layer = visit().app
        environ = {"REQUEST_METHOD": "POST", "PATH_INFO": "/pets", "CONTENT_TYPE": "application/json",
                   "CONTENT_LENGTH": "-5", "wsgi.input": io.BytesIO(b"{}")}  # fmt: skip
        layer(environ, lambda line, fields: status.append(line))
        assert status == ["400 Bad Request"]

    def test_404_a_path_that_the_description_does_not_have(self, visitor):
        for path in ("/", "/pet", "/pets/", "/pets/1/2", "//pets", "/pets%00"):
            assert visitor.ask("GET", path)[0] == 404, path

    @pytest.mark.parametrize("unknown", ["refuse", "pass"])
    def test_400_a_path_that_is_no_text(self, visit, unknown):
        client = visit(unknown=unknown)
        environ = make_environ("/")
        environ["PATH_INFO"] = "/pets/\xff"
        status, page = int(client.send(environ).status[:3]), client.send(environ).body
        assert status == (400 if unknown == "refuse" else 200)
        assert (b"is not UTF-8" in page) is (unknown == "refuse")

    def test_a_path_of_the_api_is_not_hidden_by_the_page(self, visit, spec_of, caplog):
        client = visit(spec_of({"operationId": "mine"}, path="/docs"))
        assert client.ask("GET", "/docs")[1]["operation"] == "mine"
        assert client.request("GET", "/openapi.json").status_code == 200
        assert "/docs is a path of the API" in caplog.text

    def test_405_names_the_methods_of_every_path_that_matches(self, visitor):
        answer = visitor.put("/pets/mine")
        assert answer.status.startswith("405")
        assert answer.get_header("Allow") == "DELETE, GET, HEAD"

    def test_problems_are_problem_json_and_are_not_stored(self, visitor):
        answer = visitor.get("/pets?limit=x")
        assert answer.get_header("Content-Type") == "application/problem+json"
        assert answer.get_header("Cache-Control") == "no-store"
        page = json.loads(answer.body)
        assert (
            page["status"] == 400
            and page["title"] == "Bad Request"
            and page["type"] == "about:blank"
        )

    def test_problems_are_in_the_environ_for_layers_outside(self, spec):
        environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/pets", "QUERY_STRING": "limit=x"}
        OpenAPIMiddleware(None, spec)(environ, lambda *head: None)
        assert [problem.name for problem in environ[PROBLEMS]] == ["limit"]

    def test_unknown_requests_pass_where_that_is_wanted(self, visit):
        visitor = visit(unknown="pass")
        assert visitor.ask("GET", "/elsewhere") == (200, None)
        assert visitor.ask("PUT", "/pets") == (200, None)
        assert visitor.ask("GET", "/pets?limit=x")[0] == 400


class TestSecurity:
    def test_401_without_credentials_with_a_challenge_for_each_scheme(self, visitor):
        answer = visitor.delete("/pets/1")
        assert answer.status.startswith("401")
        assert [v for n, v in answer.headerlist if n == "WWW-Authenticate"] == [
            "ApiKey",
            'Bearer realm="API"',
        ]

    def test_credentials_of_any_one_requirement_do(self, visitor):
        assert visitor.ask("DELETE", "/pets/1", HTTP_X_KEY="k")[1]["security"] == {"key": "k"}
        assert visitor.ask("DELETE", "/pets/1", HTTP_AUTHORIZATION="BEARER t")[1]["security"] == {
            "token": "t"
        }

    @pytest.mark.parametrize("field", ["Basic dDp0", "Bearer", "Bearer ", "", "t"])
    def test_credentials_of_another_scheme_do_not(self, visitor, field):
        assert visitor.ask("DELETE", "/pets/1", HTTP_AUTHORIZATION=field)[0] == 401

    def test_verifiers_say_who_it_is(self, visit):
        seen = []

        def judge(environ, credentials, scopes):
            seen.append((credentials, scopes))
            return {"ann": "Ann", "bob": False}.get(credentials)

        visitor = visit(verifiers={"token": judge})
        answers = [
            visitor.ask("DELETE", "/pets/1", HTTP_AUTHORIZATION=f"Bearer {name}")
            for name in ("ann", "bob", "eve")
        ]
        assert [status for status, _ in answers] == [200, 403, 401]
        assert answers[0][1]["security"] == {"token": "Ann"}
        assert seen[0] == ("ann", ("write",))

    def test_who_may_not_use_the_operation_is_told_nothing_else(self, visitor):
        status, page = visitor.ask("DELETE", "/pets/nonsense")
        assert (status, places(page)) == (401, [("security", "key")])

    def test_all_schemes_of_one_requirement_are_needed(self, spec, visit):
        spec["paths"]["/pets/{id}"]["delete"]["security"] = [{"key": [], "login": []}]
        visitor = visit(spec)
        assert visitor.ask("DELETE", "/pets/1", HTTP_X_KEY="k")[0] == 401
        assert (
            visitor.ask("DELETE", "/pets/1", HTTP_X_KEY="k", HTTP_AUTHORIZATION="basic YTpi")[0]
            == 200
        )

    def test_security_of_the_whole_api_holds_where_an_operation_has_none(self, spec, visit):
        spec["security"] = [{"key": []}]
        spec["paths"]["/pets/mine"]["get"]["security"] = []
        visitor = visit(spec)
        assert visitor.ask("GET", "/pets")[0] == 401
        assert visitor.ask("GET", "/pets/mine")[0] == 200

    def test_an_empty_requirement_makes_credentials_optional(self, spec, visit):
        spec["paths"]["/pets/{id}"]["delete"]["security"] = [{"key": []}, {}]
        assert visit(spec).ask("DELETE", "/pets/1")[0] == 200

    @pytest.mark.parametrize(("scheme", "environ"), [
        ({"type": "apiKey", "in": "query", "name": "k"}, {"QUERY_STRING": "k=v"}),
        ({"type": "apiKey", "in": "cookie", "name": "k"}, {"HTTP_COOKIE": "k=v"}),
        ({"type": "openIdConnect", "openIdConnectUrl": "https://e.org"}, {"HTTP_AUTHORIZATION": "Bearer v"}),
        ({"type": "mutualTLS"}, {"SSL_CLIENT_VERIFY": "SUCCESS", "SSL_CLIENT_S_DN": "v"}),
    ])  # fmt: skip
    def test_credentials_are_found_where_the_scheme_says(self, spec_of, visit, scheme, environ):
        spec = spec_of({"security": [{"s": []}]}, components={"securitySchemes": {"s": scheme}})
        visitor = visit(spec)
        assert visitor.ask("GET", "/x")[0] == 401
        assert visitor.ask("GET", "/x", **environ)[1]["security"] == {"s": "v"}


class TestServers:
    def test_any_host_and_any_mount_point_will_do_unless_asked(self, spec, visit):
        spec["servers"] = [{"url": "https://api.example.org/v1"}]
        visitor = visit(spec)
        assert visitor.ask("GET", "/pets", HTTP_HOST="elsewhere")[0] == 200
        assert visitor.ask("GET", "/v1/pets", HTTP_HOST="elsewhere")[0] == 200
        assert visitor.ask("GET", "/pets", SCRIPT_NAME="/v1")[0] == 200
        assert visitor.ask("GET", "/v2/pets")[0] == 404

    def test_servers_are_compared_where_that_is_wanted(self, spec, visit):
        spec["servers"] = [{"url": "https://{who}.example.org/{v}", "variables": {
            "who": {"default": "api", "enum": ["api", "test"]}, "v": {"default": "v1"}}}]  # fmt: skip
        visitor = visit(spec, check_servers=True)
        good = {"HTTP_HOST": "api.example.org", "wsgi.url_scheme": "https"}
        assert visitor.ask("GET", "/v1/pets", **good)[0] == 200
        assert visitor.ask("GET", "/pets", SCRIPT_NAME="/v1", **good)[0] == 200
        for other in (
            {"HTTP_HOST": "www.example.org"},
            {"wsgi.url_scheme": "http"},
            {"HTTP_HOST": "api.example.org.evil"},
        ):
            assert visitor.ask("GET", "/v1/pets", **{**good, **other})[0] == 404
        assert visitor.ask("GET", "/pets", **good)[0] == 404

    def test_a_path_may_have_servers_of_its_own(self, spec, visit):
        spec["paths"]["/pets/mine"]["servers"] = [{"url": "/other"}]
        visitor = visit(spec, check_servers=True)
        assert visitor.ask("GET", "/other/pets/mine")[0] == 200
        assert visitor.ask("GET", "/pets")[0] == 200
        assert visitor.ask("GET", "/pets/mine")[0] == 400  # as an id of /pets/{id}


class TestBodies:
    def ask(self, visit, spec_of, content, body, kind, **more):
        spec = spec_of({"requestBody": {"content": content}}, method="post", **more)
        return visit(spec).ask("POST", "/x", data=body, CONTENT_TYPE=kind)

    def test_a_form(self, visit, spec_of):
        kind = "application/x-www-form-urlencoded"
        schema = {"type": "object", "required": ["n"], "properties": {
            "n": {"type": "integer"}, "tags": {"type": "array", "items": {"type": "boolean"}}}}  # fmt: skip
        content = {kind: {"schema": schema}}
        status, page = self.ask(
            visit, spec_of, content, b"n=5&tags=true&tags=false&other=%C3%A9", kind
        )
        assert (status, page["body"]) == (200, {"n": 5, "tags": [True, False], "other": "é"})
        for bad in (b"n=x", b"", b"n=1&n=2", b"n=1&tags=maybe"):
            assert self.ask(visit, spec_of, content, bad, kind)[0] == 422, bad
        assert self.ask(visit, spec_of, content, b"n=%FF", kind)[0] == 400

    def test_a_multipart_form_keeps_its_files(self, visit, spec_of):
        body = (b'--b\r\nContent-Disposition: form-data; name="n"\r\n\r\n5\r\n--b\r\n'
                b'Content-Disposition: form-data; name="f"; filename="a.bin"\r\n\r\n\xff\x00\r\n--b--\r\n')  # fmt: skip
        schema = {
            "type": "object",
            "properties": {"n": {"type": "integer"}, "f": {"type": "string", "maxLength": 2}},
        }
        content = {"multipart/form-data": {"schema": schema}}
        kind = "multipart/form-data; boundary=b"
        status, page = self.ask(visit, spec_of, content, body, kind)
        assert status == 200 and page["body"]["n"] == 5 and "FileUpload" in page["body"]["f"]
        assert self.ask(visit, spec_of, content, body.replace(b"\x00", b"\x00\x00"), kind)[0] == 422
        assert self.ask(visit, spec_of, content, body[:-8], kind)[0] == 400
        assert self.ask(visit, spec_of, content, body, "multipart/form-data")[0] == 400

    def test_text_and_ranges_of_types(self, visit, spec_of):
        content = {"text/*": {"schema": {"type": "string", "maxLength": 3}}}
        assert self.ask(visit, spec_of, content, "é".encode(), "text/plain")[1]["body"] == "é"
        assert self.ask(visit, spec_of, content, b"long", "text/csv")[0] == 422
        assert self.ask(visit, spec_of, content, b"\xff", "text/csv")[0] == 400
        assert self.ask(visit, spec_of, content, b"", "text/csv")[1]["body"] == ""
        assert self.ask(visit, spec_of, content, b"x", "image/png")[0] == 415

    def test_json_by_suffix(self, visit, spec_of):
        content = {"application/vnd.pet+json": {"schema": {"type": "integer"}}}
        assert self.ask(visit, spec_of, content, b"5", "application/vnd.pet+json")[1]["body"] == 5

    @pytest.mark.parametrize("kind", ["application/octet-stream", "application/xml", "image/png"])
    def test_a_body_that_is_streamed_is_not_read(self, spec_of, kind):
        class Input:
            def read(self, size=-1):
                raise AssertionError("the layer read a body that is the application's to stream")

        spec = spec_of(
            {"requestBody": {"required": True, "content": {kind: {"schema": {"type": "string"}}}}},
            method="post",
        )
        bodies = []

        def app(environ, start_response):
            bodies.append((environ["wsgi.input"], environ[API].body))
            return []

        given = Input()
        OpenAPIMiddleware(app, spec)({"REQUEST_METHOD": "POST", "PATH_INFO": "/x", "CONTENT_TYPE": kind,
                                      "CONTENT_LENGTH": "10", "wsgi.input": given}, None)  # fmt: skip
        assert bodies == [(given, None)]

    def test_read_only_properties_of_3_0_are_refused_in_requests(self, visit, spec_of):
        schema = {"type": "object", "properties": {"id": {"type": "integer", "readOnly": True}}}
        content = {"application/json": {"schema": schema}}
        assert (
            self.ask(visit, spec_of, content, b'{"id": 1}', "application/json", version="3.0.3")[0]
            == 422
        )

    def test_nullable_of_3_0_takes_null(self, visit, spec_of):
        content = {"application/json": {"schema": {"type": "string", "nullable": True}}}
        assert (
            self.ask(visit, spec_of, content, b"null", "application/json", version="3.0.3")[0]
            == 200
        )
