"""Whole rule files of well-known kinds load, and behave."""

from pathlib import Path

import pytest

from tropea.rewrite import RewriteMiddleware, apache_rules_file

SITES = Path(__file__).parent / "data" / "sites"


@pytest.fixture
def root(tmp_path):
    (tmp_path / "index.php").write_text("x")
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "install.php").write_text("x")
    (tmp_path / "themes").mkdir()
    (tmp_path / "themes" / "style.css").write_text("x")
    return tmp_path


def layer(name, root, **options):
    rules = apache_rules_file(SITES / name, context="dir", document_root=str(root), **options)
    return RewriteMiddleware.layer(rules)


class TestWordPress:
    def test_pages_go_to_the_front_controller_and_keep_their_query(self, root, run):
        seen = run(layer("wordpress.htaccess", root), "/2026/11/hello-world/", "preview=1")
        assert (seen.path, seen.query) == ("/index.php", "preview=1")

    def test_files_folders_and_the_controller_stay(self, root, run):
        for path in ("/themes/style.css", "/themes/", "/index.php", "/"):
            assert run(layer("wordpress.htaccess", root), path).path == path

    def test_the_authorization_is_handed_on(self, root, run):
        seen = run(layer("wordpress.htaccess", root), "/x", headers={"Authorization": "Basic abc"})
        assert seen.environ["HTTP_AUTHORIZATION"] == "Basic abc"


class TestDrupal:
    def test_hidden_files_are_refused_and_well_known_is_not(self, root, run):
        site = layer("drupal.htaccess", root)
        assert run(site, "/.git/config").status == 403
        assert run(site, "/sub/.env").status == 403
        assert run(site, "/.well-known/acme").path == "/index.php"

    def test_www_is_taken_off_with_the_scheme_kept(self, root, run):
        site = layer("drupal.htaccess", root)
        seen = run(site, "/node/1", headers={"Host": "www.example.com"})
        assert (seen.status, seen.location) == (301, "http://example.com/node/1")
        seen = run(
            site, "/node/1", headers={"Host": "www.example.com"}, **{"wsgi.url_scheme": "https"}
        )
        assert seen.location == "https://example.com/node/1"

    def test_a_host_field_with_a_path_in_it_makes_no_redirect(self, root, run):
        seen = run(layer("drupal.htaccess", root), "/", headers={"Host": "www.evil.invalid/x"})
        assert (seen.status, seen.location) == (400, None)

    def test_the_installer_moved_and_pages_go_to_the_controller(self, root, run):
        site = layer("drupal.htaccess", root)
        host = {"Host": "example.com"}
        assert run(site, "/install.php", "a=b", headers=host).location == "/core/install.php?a=b"
        assert run(site, "/node/7", "q=1", headers=host).path == "/index.php"
        assert run(site, "/favicon.ico", headers=host).path == "/favicon.ico"
        assert run(site, "/core/install.php", headers=host).path == "/core/install.php"


class TestSymfony:
    def test_pages_go_to_the_front_controller(self, root, run):
        seen = run(layer("symfony.htaccess", root), "/blog/list", "page=2")
        assert (seen.path, seen.query) == ("/index.php", "page=2")

    def test_the_controllers_own_name_is_redirected_away(self, root, run):
        seen = run(layer("symfony.htaccess", root), "/index.php/blog")
        assert (seen.status, seen.location) == (301, "/blog")

    def test_files_stay(self, root, run):
        assert run(layer("symfony.htaccess", root), "/themes/style.css").path == "/themes/style.css"

    def test_it_works_below_a_folder(self, root, run):
        sub = root / "shop"
        sub.mkdir()
        (sub / "index.php").write_text("x")
        seen = run(layer("symfony.htaccess", root, base="/shop"), "/shop/cart/1")
        assert seen.path == "/shop/index.php"


@pytest.fixture(scope="module")
def site():
    return RewriteMiddleware.layer(apache_rules_file(SITES / "large.conf"))


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

    def test_its_rules_are_filed_under_their_segments(self):
        rules = apache_rules_file(SITES / "large.conf")
        assert len(rules.rules) > 600
        assert len(rules.engine.index.always) < 10
