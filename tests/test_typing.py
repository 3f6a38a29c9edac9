"""What a type checker tells the people who use the family."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

spec = importlib.util.spec_from_file_location("stubs", ROOT / "tools/stubs.py")
stubs = importlib.util.module_from_spec(spec)
spec.loader.exec_module(stubs)


@pytest.mark.parametrize("package", stubs.lazy_packages())
def test_a_stub_says_what_the_table_of_exports_says(package):
    assert stubs.path(package).read_text() == stubs.stub(package), "run python tools/stubs.py"


PROGRAM = '''
from wsgiref.types import StartResponse, WSGIEnvironment
from collections.abc import Iterable

from tropea.caching import etag_middleware
from tropea.core import Layer, Request, Response, pipeline
from tropea.dispatch import dispatcher_app
from tropea.sessions import MemoryStore, SessionMiddleware
from tropea.static import StaticMiddleware


class Referer(Layer):
    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self.app(environ, start_response)


site = dispatcher_app()


@site.match("/", "GET")
def home(request: Request) -> Response:
    return Response(str(request.session.get("visits", 0)))


app = pipeline(Referer, SessionMiddleware.layer(MemoryStore()), site)
reveal_type(app)
reveal_type(MemoryStore())
reveal_type(home)
'''


def test_a_program_on_the_family_passes_the_strict_checker(tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)
    answer = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", tmp_path / "cache", "program.py"],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stdout
    revealed = [line.partition('"')[2].rstrip('"') for line in answer.stdout.splitlines() if "Revealed" in line]
    assert revealed == [
        "tropea.core.stack.Stack",
        "tropea.sessions.stores.memory.MemoryStore",
        "def (request: tropea.core.request.Request) -> tropea.core.response.Response",
    ]
