"""OpenAPIRequest and OpenAPIResponse work with openapi-core's own functions, as in PoorWSGI."""

import io

import pytest
from openapi_core import OpenAPI

from tropea.core.request import Request
from tropea.core.response import Response
from tropea.openapi import OpenAPIRequest, OpenAPIResponse


def environ(method="GET", path="/pets", body=b"", **more):
    return {
        "REQUEST_METHOD": method, "SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": "",
        "SERVER_NAME": "localhost", "SERVER_PORT": "80", "HTTP_HOST": "localhost",
        "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body)), **more,
    }  # fmt: skip


@pytest.fixture
def core(spec):
    return OpenAPI.from_dict(spec)


class TestRequests:
    def test_a_good_request_is_unmarshalled(self, core):
        request = OpenAPIRequest(environ(QUERY_STRING="limit=5"))
        assert core.unmarshal_request(request).parameters.query == {"limit": 5}

    def test_our_request_object_will_do_and_its_body_stays(self, core):
        given = environ(
            "POST", body=b'{"name": "Rex"}', CONTENT_TYPE="Application/JSON; charset=utf-8"
        )
        request = Request.of(given)
        assert core.unmarshal_request(OpenAPIRequest(request)).body == {"name": "Rex"}
        assert request.json == {"name": "Rex"}
        assert given["wsgi.input"].read() == b'{"name": "Rex"}'

    def test_wrong_ones_have_errors(self, core):
        for wrong in (environ(QUERY_STRING="limit=x"), environ(path="/nowhere"), environ("PUT")):
            assert core.unmarshal_request(OpenAPIRequest(wrong)).errors

    def test_header_names_have_no_case_and_cookies_are_read(self):
        parameters = OpenAPIRequest(
            environ(HTTP_X_ID="7", CONTENT_TYPE="text/plain", HTTP_COOKIE="a=1; a=2")
        ).parameters
        assert parameters["header"]["X-ID"] == parameters.header["x-id"] == "7"
        assert "CONTENT-type" in parameters.header
        assert "x-other" not in parameters.header
        assert parameters["cookie"] == {"a": "1"}

    def test_repeated_fields_of_the_query_are_all_there(self):
        assert OpenAPIRequest(environ(QUERY_STRING="t=1&t=2")).parameters.query.getlist("t") == [
            "1",
            "2",
        ]

    def test_the_mount_point_and_the_port_are_part_of_the_address(self):
        request = OpenAPIRequest(environ(SCRIPT_NAME="/v1", HTTP_HOST="API.example.org:8080"))
        assert (request.host_url, request.path) == ("http://api.example.org:8080", "/v1/pets")

    def test_path_values_of_a_router_are_taken(self):
        given = environ(path="/pets/7", **{"wsgiorg.routing_args": ((), {"id": "7"})})
        assert OpenAPIRequest(given).parameters.path == {"id": "7"}

    def test_a_streamed_body_is_not_read(self):
        given = environ("POST", body=b"abc", CONTENT_TYPE="application/octet-stream")
        assert OpenAPIRequest(given).body is None
        assert given["wsgi.input"].read() == b"abc"


class TestResponses:
    def test_a_response_is_validated(self, core):
        request = OpenAPIRequest(environ(path="/pets/7"))
        good = Response(b'{"name": "Rex"}', content_type="application/json")
        core.validate_response(request, OpenAPIResponse(good))
        assert core.unmarshal_response(
            request, OpenAPIResponse(Response(b"{}", content_type="application/json"))
        ).errors

    def test_fields_have_no_case_and_those_of_one_name_are_joined(self):
        response = OpenAPIResponse(
            Response(b"", headers=[("X-A", "1"), ("x-a", "2")], content_type="text/plain")
        )
        assert response.headers["X-a"] == "1, 2"
        assert response.content_type.startswith("text/plain")

    def test_a_streaming_body_is_not_read(self):
        def stream():
            raise AssertionError("it was read")
            yield b""

        assert OpenAPIResponse(Response(stream(), content_type="text/plain")).data is None
