"""Every command on ini files that other people's frameworks and filters make up."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

FOREIGN = Path(__file__).parent / "foreign"
#: What stands in which place, outermost first.
TREES = {
    "pyramid": ["pyramid.router.Router"],
    "paste": [
        "paste.exceptions.errormiddleware.ErrorMiddleware",
        "└─ paste.gzipper.middleware",
        "   └─ paste.translogger.TransLogger",
        "      └─ paste.deploy.config.PrefixMiddleware",
        "         └─ plain.make_app.<locals>.app",
    ],
    "beaker": ["beaker.middleware.SessionMiddleware", "└─ counting.make_app.<locals>.app"],
    "turbogears": [
        "paste.cascade.Cascade",
        "├─ 0 paste.urlparser.StaticURLParser",
        "└─ 1 paste.urlmap.URLMap",
        "   ├─ /admin paste.recursive.RecursiveMiddleware",
        "   │  └─ wiki.app.make_app.<locals>.app",
        "   └─ paste.registry.RegistryManager",
        "      └─ paste.httpexceptions.HTTPExceptionHandler",
        "         └─ wiki.app.make_app.<locals>.app",
    ],
}
SITES = sorted(TREES)
#: A path, and what is answered there.
PAGES = {
    "pyramid": ("/recipes/toast", "a recipe for toast"),
    "paste": ("/below/x", "good day /x"),
    "beaker": ("/", "times: 1"),
    "turbogears": ("/admin/x", "admin at /admin/x"),
}


@pytest.fixture
def visit(tmp_path):
    """Copy a site to a folder of its own; return what runs the command there."""

    def to(site):
        folder = tmp_path / site
        shutil.copytree(FOREIGN / site, folder, ignore=shutil.ignore_patterns("__pycache__"))
        if site == "pyramid":  # its ini says egg:, so it has to be installed
            installed = folder / "kitchen-0.1.dist-info"
            installed.mkdir()
            (installed / "METADATA").write_text(
                "Metadata-Version: 2.1\nName: kitchen\nVersion: 0.1\n"
            )
            (installed / "entry_points.txt").write_text(
                "[paste.app_factory]\nmain = kitchen:main\n[paste.app_install]\nmain = kitchen:fill\n"
            )

        def run(*arguments, code=0, **more):
            answer = subprocess.run(
                command(*arguments), cwd=folder, env=environment(folder), capture_output=True, text=True,
                encoding="utf-8", timeout=60, **more,
            )  # fmt: skip
            assert answer.returncode == code, answer.stderr + answer.stdout
            assert "Traceback" not in answer.stderr
            return answer.stdout + (answer.stderr if code else "")

        run.folder = folder
        return run

    return to


def command(*arguments):
    return [sys.executable, "-m", "tropea.cli", *map(str, arguments)]


def environment(folder):
    return {
        **os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONWARNINGS": "ignore",
        "PYTHONUTF8": "1", "NO_COLOR": "1",
    }  # fmt: skip


@pytest.fixture(params=SITES)
def site(request):
    return request.param


def test_the_onion_is_drawn(visit, site):
    run = visit(site)
    lines = run("onion", "app.ini").splitlines()
    assert [line.partition("  (")[0] for line in lines] == TREES[site]
    data = json.loads(run("onion", "app.ini", "--json"))
    assert data["name"] == TREES[site][0]
    run("onion", "app.ini", "--svg", "onion.svg")
    assert (run.folder / "onion.svg").read_text().count("<circle") == len(TREES[site])


def test_nothing_is_wrong_with_it(visit, site):
    assert visit(site)("check", "app.ini", "--strict") == "app.ini: nothing to find fault with\n"


def test_a_request_is_answered_and_traced(visit, site):
    run, (path, body) = visit(site), PAGES[site]
    assert run("request", "app.ini", path) == body
    trace = subprocess.run(
        command("request", "app.ini", path, "--trace"), cwd=run.folder, env=environment(run.folder),
        capture_output=True, text=True, encoding="utf-8",
    ).stderr.splitlines()[1:]  # fmt: skip
    names = [line.split()[0] for line in trace]
    drawn = [line.split("─ ")[-1].split()[-1] for line in TREES[site]]
    rest = iter(drawn)
    assert all(name in rest for name in names), "they are visited as they are drawn"
    assert {names[0], names[-1]} == {drawn[0], drawn[-1]}


def test_it_is_profiled(visit, site):
    run, (path, _) = visit(site), PAGES[site]
    text = run("profile", "app.ini", path, "-n", "5", "--svg", "p.svg")
    assert "5 requests" in text
    assert "µs" in (run.folder / "p.svg").read_text("utf-8")


def test_it_is_set_up(visit):
    assert "ready for ann" in visit("pyramid")("setup-app", "app.ini")
    assert "filled for good day" in visit("paste")("setup-app", "app.ini")
    assert "counts times" in visit("beaker")("setup-app", "app.ini")


def test_a_composite_is_set_up_by_naming_its_application(visit):
    run = visit("turbogears")
    told = run("setup-app", "app.ini", code=2)
    assert "main has no set-up hook: name one with --hook package.module:name, or another" in told
    assert "--app-name: static, site, pages, wiki, admin" in told
    assert (
        run("setup-app", "app.ini", "--app-name", "wiki")
        == "set up by setup-app\nran wiki.websetup\n"
    )


def test_the_routes_of_pyramid_are_listed_and_judged(visit):
    run = visit("pyramid")
    assert run("routes", "app.ini").splitlines()[1:] == [
        "any      /                home    kitchen.home",
        "GET      /recipes/{name}  recipe  kitchen.show",
    ]
    assert "answers with {'name': 'toast'}" in run("match", "app.ini", "GET", "/recipes/toast")
    told = run("match", "app.ini", "POST", "/recipes/toast", code=1)
    assert "not for POST" in told
    assert "no route of 2 answers POST /recipes/toast" in told


@pytest.mark.parametrize("site", ["paste", "beaker", "turbogears"])
def test_an_application_without_a_table_says_so(visit, site):
    assert "has a route table that can be read" in visit(site)("routes", "app.ini", code=1)


def test_a_fresh_ini_of_pyramid_serves_it(visit):
    run = visit("pyramid")
    run("make-config", "kitchen", "fresh.ini")
    (run.folder / "fresh.ini").write_text(
        (run.folder / "fresh.ini").read_text().replace("#main\n", "#main\ncook = bob\n")
    )
    assert run("check", "fresh.ini", "--strict")
    assert run("request", "fresh.ini", "/") == "the kitchen of bob"


def test_the_template_of_a_distribution_is_its_fresh_ini(visit):
    run = visit("pyramid")
    (run.folder / "kitchen-0.1.dist-info" / "paste_deploy_config.ini_tmpl").write_text(
        "[app:main]\nuse = egg:${egg}\ncook = carl\nsecret = ${app_instance_secret}\n"
    )
    run("make-config", "kitchen")
    text = (run.folder / "kitchen.ini").read_text()
    assert "use = egg:kitchen\n" in text
    assert len(text.rpartition("secret = ")[2].strip()) == 32
    assert run("request", "kitchen.ini", "/") == "the kitchen of carl"


def test_the_shell_has_it(visit, site):
    run, (path, body) = visit(site), PAGES[site]
    assert (
        run("shell", "app.ini", "--plain", input=f"print(client.get({path!r}).body_text)")
        == f"{body}\n"
    )


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
def test_it_is_served_on_the_port_that_was_asked_for(visit, site, free_port):
    run, (path, body) = visit(site), PAGES[site]
    process = subprocess.Popen(
        command("serve", "app.ini", "--port", free_port), cwd=run.folder, env=environment(run.folder),
        text=True, encoding="utf-8", stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    told = []
    for line in process.stderr:
        told.append(line)
        if line.strip().split("  (")[0] == TREES[site][-1].strip():
            break
    try:
        assert answer(f"http://127.0.0.1:{free_port}{path}", process) == body
    finally:
        process.send_signal(signal.SIGINT)
        _, rest = process.communicate(timeout=20)
    assert process.returncode == 0
    host = "localhost" if site == "pyramid" else "127.0.0.1"  # what its listen = says
    server = "waitress" if site == "beaker" else "[server:main]"
    assert told[0] == f"serving on http://{host}:{free_port} with {server} (Ctrl-C stops)\n"
    assert "Traceback" not in "".join(told) + rest
    assert rest.endswith("stopped\n")


def answer(address, process):
    """Ask as soon as somebody listens, for as long as the server lives."""
    import time

    end = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < end:
        try:
            return urlopen(address, timeout=10).read().decode()
        except OSError as error:
            last = error
        time.sleep(0.05)
    raise AssertionError(last)
