"""Descriptions come from anywhere, in three versions, and wrong ones fail when the layer is built."""

import json
import socketserver
from importlib.metadata import version as version_of
from pathlib import Path

import pytest

from tropea.core.errors import OptionError
from tropea.openapi import OpenAPIMiddleware, Specification, SpecificationError, paste

DATA = Path(__file__).parent / "data"
has_32 = tuple(map(int, version_of("openapi-core").split(".")[:2])) >= (0, 23)
needs_32 = pytest.mark.skipif(not has_32, reason="openapi-core 0.22 knows no OpenAPI 3.2")


class TestSources:
    def test_a_dictionary_is_copied(self, spec):
        found = Specification(spec)
        spec["paths"].clear()
        assert "/pets" in found.document["paths"]

    def test_a_function(self, spec):
        assert Specification(lambda: spec).title == "Pets"

    def test_a_file_of_json(self, spec, tmp_path):
        (tmp_path / "api.json").write_text(json.dumps(spec))
        assert Specification(tmp_path / "api.json").title == "Pets"
        assert Specification(str(tmp_path / "api.json")).title == "Pets"

    def test_a_file_of_yaml_with_dates_and_numbers_for_keys(self, visit):
        visitor = visit(str(DATA / "petstore.yaml"))
        assert visitor.ask("GET", "/pets/Rex")[0] == 200
        assert visitor.ask("GET", "/pets/Methuselah")[0] == 400
        assert visitor.get("/openapi.json").status == "200 OK"

    def test_a_resource_of_a_package(self, spec, tmp_path, monkeypatch):
        (tmp_path / "stored_api").mkdir()
        (tmp_path / "stored_api" / "__init__.py").touch()
        (tmp_path / "stored_api" / "api.json").write_text(json.dumps(spec))
        monkeypatch.syspath_prepend(tmp_path)
        assert Specification("stored_api:api.json").title == "Pets"

    def test_references_into_other_files(self, tmp_path, visit, spec):
        (tmp_path / "pet.json").write_text(json.dumps({"type": "object", "required": ["name"]}))
        content = {"application/json": {"schema": {"$ref": "pet.json"}}}
        spec["paths"]["/pets"]["post"]["requestBody"]["content"] = content
        (tmp_path / "api.json").write_text(json.dumps(spec))
        visitor = visit(str(tmp_path / "api.json"))
        assert visitor.ask("POST", "/pets", json={"name": "Rex"})[0] == 200
        assert visitor.ask("POST", "/pets", json={})[0] == 422

    def test_paste_deploy(self, spec, tmp_path, visit):
        from paste.deploy import loadfilter

        (tmp_path / "api.json").write_text(json.dumps(spec))
        ini = tmp_path / "app.ini"
        ini.write_text("[filter:api]\nuse = egg:tropea-openapi\nspec = %(here)s/api.json\nmax_body = 2K\n"
                       "responses = log\nsample = 0.5\npage_path =\n")  # fmt: skip
        layer = loadfilter(f"config:{ini}", "api")(None)
        assert (layer.options.max_body, layer.options.sample) == (2048, 0.5)
        assert layer.specification.title == "Pets"


class TestVersions:
    @pytest.mark.parametrize(
        "version", ["3.0.0", "3.0.4", "3.1.0", "3.1.1", pytest.param("3.2.0", marks=needs_32)]
    )
    def test_known_ones(self, spec, visit, version):
        visitor = visit({**spec, "openapi": version})
        assert visitor.ask("GET", "/pets?limit=5")[0] == 200
        assert visitor.ask("GET", "/pets?limit=500")[0] == 400
        assert visitor.ask("POST", "/pets", json={"name": "Rex", "mother": {"name": ""}})[0] == 422

    @pytest.mark.skipif(has_32, reason="openapi-core 0.23 knows 3.2")
    def test_3_2_needs_openapi_core_0_23(self, spec):
        with pytest.raises(SpecificationError, match=r"needs openapi-core 0\.23"):
            Specification({**spec, "openapi": "3.2.0"})

    @pytest.mark.parametrize(
        "facts", [{"openapi": "2.0"}, {"swagger": "2.0"}, {"openapi": "3.3.0"}, {}]
    )
    def test_others_are_refused(self, facts):
        with pytest.raises(SpecificationError, match=r"expected openapi 3\.0, 3\.1 or 3\.2"):
            Specification({**facts, "info": {"title": "t", "version": "1"}, "paths": {}})

    @needs_32
    def test_3_2_has_the_method_query_and_further_ones(self, spec_of, visit):
        operation = {"responses": {"200": {"description": "ok"}}}
        body = {"requestBody": {"content": {"application/json": {"schema": {"type": "integer"}}}}}
        spec = spec_of(body, method="query", version="3.2.0")
        spec["paths"]["/x"]["additionalOperations"] = {"COPY": operation}
        visitor = visit(spec)
        assert visitor.ask("COPY", "/x")[0] == 200
        answer = visitor.get("/x")
        assert (answer.status[:3], answer.get_header("Allow")) == ("405", "COPY, QUERY")
        environ = {"CONTENT_TYPE": "application/json"}
        assert visitor.ask("QUERY", "/x", data=b"5", **environ)[1]["body"] == 5
        assert visitor.ask("QUERY", "/x", data=b'""', **environ)[0] == 422

    @needs_32
    def test_3_2_may_describe_the_query_as_a_whole(self, spec_of, visit):
        schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
        for kind, good in (
            ("application/json", "%7B%22a%22:1%7D"),
            ("application/x-www-form-urlencoded", "a=1"),
        ):
            facts = {"name": "q", "in": "querystring", "content": {kind: {"schema": schema}}}
            seen = []

            def app(environ, start_response):
                seen.append(environ["tropea.api"].parameters.querystring)
                start_response("200 OK", [("Content-Type", "text/plain")])
                return [b"ok"]

            visitor = visit(spec_of({"parameters": [facts]}, version="3.2.0"), app)
            assert visitor.get(f"/x?{good}").status == "200 OK"
            assert visitor.get("/x?b=1").status[:3] == "400"
            assert seen == [{"q": {"a": 1}}]


class TestMistakes:
    @pytest.mark.parametrize(("options", "said"), [
        ({"spec": "/nowhere/api.json"}, "cannot read the description '/nowhere/api.json'"),
        ({"spec": "no_such_package:api.json"}, "no_such_package"),
        ({"spec": {"openapi": "3.1.0", "paths": {}}}, "is not OpenAPI 3.1: : .info. is a required property"),
        ({"spec": []}, "a description is an object|cannot read"),
        ({"responses": "on"}, "responses: expected"),
        ({"sample": 2.0}, "sample: expected a number from 0 to 1"),
        ({"max_body": "many"}, "max_body: expected a size such as 10M"),
        ({"page_path": "docs"}, "page_path: expected a path with a slash"),
        ({"verifiers": 5}, "verifiers: expected a mapping"),
        ({"response": "log"}, "did you mean 'responses'"),
    ])  # fmt: skip
    def test_fail_when_the_layer_is_built_and_name_it(self, spec, options, said):
        with pytest.raises(OptionError, match=f"(?s)OpenAPIMiddleware: .*(?:{said})"):
            OpenAPIMiddleware(None, **{"spec": spec, **options})

    def test_a_reference_into_nowhere(self, spec):
        spec["paths"]["/pets"]["post"]["responses"]["201"] = {"$ref": "#/components/responses/None"}
        with pytest.raises(SpecificationError):
            OpenAPIMiddleware(None, spec)

    def test_nothing_is_fetched_from_an_address(self, spec):
        with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as server:
            address = f"http://127.0.0.1:{server.server_address[1]}/other.json"
            spec["paths"]["/pets"]["post"]["responses"]["201"] = {"$ref": f"{address}#/created"}
            with pytest.raises(SpecificationError, match=f"{address} is not fetched: keep a copy"):
                OpenAPIMiddleware(None, spec)
            server.socket.setblocking(False)
            with pytest.raises(BlockingIOError):  # nobody came
                server.socket.accept()

    def test_json_that_is_none(self, tmp_path):
        (tmp_path / "a.json").write_text("{")
        (tmp_path / "a.yaml").write_text("a: [")
        for name in ("a.json", "a.yaml"):
            with pytest.raises(SpecificationError):
                Specification(tmp_path / name)

    def test_yaml_without_pyyaml_says_what_is_missing(self, monkeypatch):
        monkeypatch.setitem(__import__("sys").modules, "yaml", None)
        with pytest.raises(SpecificationError, match="needs PyYAML"):
            Specification(DATA / "petstore.yaml")

    def test_the_check_can_be_left_out(self, spec):
        spec["x"] = spec["info"].pop("version")
        OpenAPIMiddleware(None, spec, check_spec=False)
