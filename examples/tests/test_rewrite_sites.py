"""Rule files of well-known kinds load, behave, and end as in the Apache that is installed."""

import runpy
import tempfile
import warnings
from pathlib import Path
from wsgiref.util import setup_testing_defaults

import pytest

EXAMPLE = Path(__file__).resolve().parent.parent / "rewrite"


class Seen:
    """What came back, and the environ that the application saw (None where it was not called)."""

    def __init__(self, status, fields, environ):
        self.status, self.environ = int(status[:3]), environ
        self.fields = dict(fields)
        self.location = self.fields.get("Location")

    @property
    def path(self):
        return self.environ["PATH_INFO"]

    @property
    def query(self):
        return self.environ.get("QUERY_STRING", "")


@pytest.fixture
def run():
    """Send a request through the rules; return what came back and what came through."""

    def run(layer, path="/", query="", method="GET", headers=None, **extra):
        seen, sent = [], []

        def app(environ, start_response):
            seen.append(environ)
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [b"app"]

        layer.app = app
        environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, **extra}
        for name, value in (headers or {}).items():
            environ["HTTP_" + name.upper().replace("-", "_")] = value
        setup_testing_defaults(environ)
        list(layer(environ, lambda *head: sent.append(head)))
        return Seen(*sent[0][:2], seen[0] if seen else None)

    return run


FILES = ("index.php", "core/install.php", "themes/style.css")


@pytest.fixture
def root(tmp_path):
    for name in FILES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    return tmp_path


@pytest.fixture(scope="module")
def layer():
    site = runpy.run_path(str(EXAMPLE / "sites.py"))["site"]
    return lambda name, root, **options: site(name, str(root), **options)


class TestWordPress:
    def test_pages_go_to_the_front_controller_and_keep_their_query(self, root, run, layer):
        seen = run(layer("wordpress.htaccess", root), "/2026/11/hello-world/", "preview=1")
        assert (seen.path, seen.query) == ("/index.php", "preview=1")

    def test_files_folders_and_the_controller_stay(self, root, run, layer):
        for path in ("/themes/style.css", "/themes/", "/index.php", "/"):
            assert run(layer("wordpress.htaccess", root), path).path == path

    def test_the_authorization_is_handed_on(self, root, run, layer):
        seen = run(layer("wordpress.htaccess", root), "/x", headers={"Authorization": "Basic abc"})
        assert seen.environ["HTTP_AUTHORIZATION"] == "Basic abc"


class TestDrupal:
    def test_hidden_files_are_refused_and_well_known_is_not(self, root, run, layer):
        site = layer("drupal.htaccess", root)
        assert run(site, "/.git/config").status == 403
        assert run(site, "/sub/.env").status == 403
        assert run(site, "/.well-known/acme").path == "/index.php"

    def test_www_is_taken_off_with_the_scheme_kept(self, root, run, layer):
        site = layer("drupal.htaccess", root)
        seen = run(site, "/node/1", headers={"Host": "www.example.com"})
        assert (seen.status, seen.location) == (301, "http://example.com/node/1")
        seen = run(
            site, "/node/1", headers={"Host": "www.example.com"}, **{"wsgi.url_scheme": "https"}
        )
        assert seen.location == "https://example.com/node/1"

    def test_a_host_field_with_a_path_in_it_makes_no_redirect(self, root, run, layer):
        seen = run(layer("drupal.htaccess", root), "/", headers={"Host": "www.evil.invalid/x"})
        assert (seen.status, seen.location) == (400, None)

    def test_the_installer_moved_and_pages_go_to_the_controller(self, root, run, layer):
        site = layer("drupal.htaccess", root)
        host = {"Host": "example.com"}
        assert run(site, "/install.php", "a=b", headers=host).location == "/core/install.php?a=b"
        assert run(site, "/node/7", "q=1", headers=host).path == "/index.php"
        assert run(site, "/favicon.ico", headers=host).path == "/favicon.ico"
        assert run(site, "/core/install.php", headers=host).path == "/core/install.php"


class TestSymfony:
    def test_pages_go_to_the_front_controller(self, root, run, layer):
        seen = run(layer("symfony.htaccess", root), "/blog/list", "page=2")
        assert (seen.path, seen.query) == ("/index.php", "page=2")

    def test_the_controllers_own_name_is_redirected_away(self, root, run, layer):
        seen = run(layer("symfony.htaccess", root), "/index.php/blog")
        assert (seen.status, seen.location) == (301, "/blog")

    def test_files_stay(self, root, run, layer):
        assert run(layer("symfony.htaccess", root), "/themes/style.css").path == "/themes/style.css"

    def test_it_works_below_a_folder(self, root, run, layer):
        sub = root / "shop"
        sub.mkdir()
        (sub / "index.php").write_text("x")
        seen = run(layer("symfony.htaccess", root, base="/shop"), "/shop/cart/1")
        assert seen.path == "/shop/index.php"


class TestAVocabulary:
    @pytest.fixture
    def vocabulary(self, root, layer):
        return layer("vocabulary.htaccess", root, base="/vocab/")

    @pytest.mark.parametrize(
        ("accept", "location"),
        [
            ("text/html,*/*;q=0.8", "https://docs.example.org/vocab/index.html"),
            ("application/ld+json", "https://data.example.org/vocab.jsonld"),
            ("text/turtle", "https://data.example.org/vocab.ttl"),
        ],
    )
    def test_the_same_address_is_a_page_or_data_and_caches_are_told(
        self, vocabulary, run, accept, location
    ):
        seen = run(vocabulary, "/vocab/", headers={"Accept": accept})
        assert (seen.status, seen.location) == (303, location)
        if accept != "text/turtle":
            assert seen.fields["Vary"] == "Accept"

    def test_terms_and_editions_have_addresses_of_their_own(self, vocabulary, run):
        term = run(vocabulary, "/vocab/Recipe")
        assert term.location == "https://docs.example.org/vocab/index.html#Recipe"
        assert run(vocabulary, "/vocab/1.2").location == "https://data.example.org/vocab-1.2.ttl"
        assert run(vocabulary, "/vocab/none/x").path == "/vocab/none/x"


@pytest.fixture(scope="module")
def site(layer, tmp_path_factory):
    return layer("large.conf", tmp_path_factory.mktemp("root"))


class TestALargeSite:
    @pytest.mark.parametrize(
        ("path", "status", "expected"),
        [
            ("/articles/story-399.html", 301, "/news/2019/399"), ("/shop/cat7/red-shoe/", 200, "/catalog"),
            ("/team", 200, "/pages/team"), ("/x.SQL", 410, None), ("/a/b.aspx", 302, "/a/b"), ("/none", 200, "/none"),
        ],
    )  # fmt: skip
    def test_old_addresses_still_lead_somewhere(self, site, run, path, status, expected):
        seen = run(site, path, headers={"Host": "www.example.com"})
        assert seen.status == status
        assert expected in {seen.location, seen.environ and seen.path}

    def test_other_hosts_are_sent_to_the_right_one(self, site, run):
        seen = run(site, "/a", headers={"Host": "example.com"})
        assert (seen.status, seen.location) == (301, "https://www.example.com/a")

    def test_methods_and_robots_are_refused(self, site, run):
        www = {"Host": "www.example.com"}
        assert run(site, "/", method="TRACE", headers=www).status == 405
        assert run(site, "/", headers={**www, "User-Agent": "emailsiphon"}).status == 403

    def test_few_of_its_many_rules_are_tried_for_a_request(self, site):
        (rules,) = site.rules.links
        assert len(rules.rules) > 600
        assert len(rules.engine.index.always) < 10


def test_the_program_tells_what_came_through(layer, root):
    from tropea.core.testing import TestApp

    visitor = TestApp(layer("wordpress.htaccess", root))
    assert visitor.get("/2026/hello?p=1").body == b"/index.php?p=1\n"
    assert visitor.get("/themes/style.css").body == b"/themes/style.css\n"


ASKED = {
    "wordpress.htaccess": ["/", "/2026/11/hello/?p=1", "/index.php", "/themes/style.css", "/themes/", "/a%20b"],
    "drupal.htaccess": ["/", "/node/1?a=b", "/.git/config", "/.well-known/x", "/sub/.env", "/install.php?a=b",
                        "/favicon.ico", "/core/install.php", "/core/none.php", "/autoload.php", "/themes/style.css"],
    "symfony.htaccess": ["/", "/blog/list?page=2", "/index.php/blog", "/index.php", "/themes/style.css"],
    "vocabulary.htaccess": ["/vocab/", "/vocab/1.2", "/vocab/Recipe", "/vocab/none/x", "/other"],
    "large.conf": ["/articles/story-399.html", "/shop/cat7/red-shoe/", "/team", "/x.SQL", "/a/b.aspx?c=d", "/none"],
}  # fmt: skip


@pytest.mark.parametrize("name", ASKED)
def test_the_installed_apache_ends_the_same(name, apache_root):
    from tropea.rewrite import RunawayPatternWarning, apache_rules
    from tropea.rewrite.compare import ours, same
    from tropea.rewrite.httpd import Apache, RuleText

    context = "dir" if name.endswith(".htaccess") else "server"
    base = "/vocab/" if name.startswith("vocabulary") else "/"
    text = _without_others((EXAMPLE / name).read_text())
    with (
        Apache([RuleText(text, context, base)], root=apache_root) as apache,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore", RunawayPatternWarning)
        rules = apache_rules(text, context, base=base, document_root=str(apache.root))
        for url in ASKED[name]:
            for headers in ({}, {"Host": "example.com", "Accept": "text/html"}):
                theirs, mine = apache.ask(0, url, headers), ours(rules, url, headers)
                assert same(theirs, mine), (url, headers, theirs, mine)


@pytest.fixture(scope="module")
def apache_root(require):
    """A document root that everybody may enter: started by root, Apache turns into nobody."""
    from tropea.rewrite.httpd import find_apache

    if find_apache() is None:
        require("apache", "Apache with mod_rewrite and mod_lua")
    with tempfile.TemporaryDirectory() as folder:
        for name in (*FILES, "vocab/.keep"):
            path = Path(folder, name)
            path.parent.mkdir(exist_ok=True)
            path.write_text("x")
        Path(folder).chmod(0o755)
        yield Path(folder)


def _without_others(text):
    """Keep the rules: the Apache of the tests has none of the modules beside them."""
    kept, depth = [], 0
    for line in text.splitlines():
        word = line.split(None, 1)[0] if line.strip() else ""
        if word in {"<FilesMatch"} or (word == "<IfModule" and "mod_rewrite.c" not in line):
            depth += 1
        elif depth and word.startswith("<Files") or depth and word == "<IfModule":
            depth += 1
        elif depth and word.startswith("</"):
            depth -= 1
        elif not depth and (word.startswith("Rewrite") or "IfModule" in word):
            kept.append(line)
    return "\n".join(kept)
