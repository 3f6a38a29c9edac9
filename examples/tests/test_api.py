"""The pantry's API does what its description says, as schemathesis finds out too."""

import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest


@pytest.fixture
def api(load_example):
    return load_example("api/api.py")


@pytest.fixture
def visitor(api):
    from tropea.core.testing import TestApp

    return TestApp(api.application)


def test_the_example_is_short():
    path = Path(__file__).parent.parent / "api" / "api.py"
    assert 30 <= len(path.read_text().splitlines()) <= 140


class TestPantry:
    def test_a_jar_comes_and_goes(self, visitor):
        made = visitor.post("/jars", json={"label": "plums", "grams": 400, "best_before": "2030-01-02"})
        assert made.status.startswith("201")
        address = made.get_header("Location")
        assert json.loads(visitor.get(address).body) == {
            "id": 1, "label": "plums", "grams": 400, "best_before": "2030-01-02", "place": "shelf"}  # fmt: skip
        visitor.put(address, json={"label": "jam", "grams": 300, "place": "cellar"})
        assert [jar["label"] for jar in json.loads(visitor.get("/jars?place=cellar").body)] == ["jam"]
        assert visitor.delete(address, HTTP_X_PANTRY_KEY="cook").status.startswith("204")
        assert visitor.get(address).status.startswith("404")

    @pytest.mark.parametrize(("key", "status"), [(None, "401"), ("thief", "401"), ("guest", "403")])
    def test_eating_takes_the_right_key(self, visitor, key, status):
        more = {"HTTP_X_PANTRY_KEY": key} if key else {}
        assert visitor.delete("/jars/1", **more).status.startswith(status)

    def test_what_the_description_forbids_is_refused(self, visitor):
        assert visitor.post("/jars", json={"label": "", "grams": 0}).status.startswith("422")
        assert visitor.post("/jars", data=b"{", CONTENT_TYPE="application/json").status.startswith("400")
        assert visitor.post("/jars", data={"label": "x"}).status.startswith("415")
        assert visitor.get("/jars?limit=many").status.startswith("400")
        assert visitor.get("/cupboards").status.startswith("404")
        assert visitor.request("PATCH", "/jars").get_header("Allow") == "GET, HEAD, POST"

    def test_the_description_is_made_of_the_routes(self, visitor, api):
        spec = json.loads(visitor.get("/openapi.json").body)
        assert list(spec["paths"]) == ["/jars", "/jars/{id}"]
        assert spec["paths"]["/jars/{id}"]["get"]["summary"] == "Show one jar."
        assert b"Take a jar out of the pantry" in visitor.get("/docs").body


class Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture
def served():
    """Serve an application on a free port; return its address."""
    servers = []

    def start(application):
        server = make_server("127.0.0.1", 0, application, handler_class=Quiet)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def address(api, served):
    return served(api.application)


def schemathesis(address, folder, examples):
    """Try an API as it describes itself; return the exit code and what was said."""
    command = [
        sys.executable, "-m", "schemathesis.cli", "run", f"{address}/openapi.json", "--checks", "all",
        "--max-examples", str(examples), "--seed", "1", "--no-color", "--continue-on-failure",
        "-H", "X-Pantry-Key: cook",
    ]  # fmt: skip
    program = Path(sys.executable).with_name("schemathesis")
    if program.exists():
        command[:3] = [program]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=300, env={**os.environ, "NO_COLOR": "1"}
    )
    return done.returncode, done.stdout + done.stderr


def test_schemathesis_finds_nothing(address, tmp_path):
    """No server error, no good request refused, no bad one taken, no answer off the description."""
    code, said = schemathesis(address, tmp_path, 20)
    assert code == 0, said
    counted = re.search(r"(\d+) generated, (\d+) passed", said)
    assert counted, said
    assert int(counted[1]) == int(counted[2]) > 100, said


def careless(environ, start_response):
    """Serve the pantry's description, and then do as it likes."""
    if environ["PATH_INFO"] == "/openapi.json":
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(careless.spec).encode()]
    status = "500 Internal Server Error" if environ["REQUEST_METHOD"] == "GET" else "201 Created"
    start_response(status, [("Content-Type", "application/json")])
    return [b"{}"]


def test_schemathesis_finds_what_a_careless_api_does(api, served, tmp_path):
    """The same command sees a server error, and a bad request that is taken."""
    careless.spec = api.SPEC
    code, said = schemathesis(served(careless), tmp_path, 5)
    assert code != 0
    assert "Server error" in said, said
    assert "schema-violating request" in said.lower(), said
