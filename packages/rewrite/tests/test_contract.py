"""What every WSGI layer keeps, for a rewriter that changes a request and for one that does not."""

from pathlib import Path

from tropea.core.testing import LayerContract
from tropea.rewrite import RewriteMiddleware, Rule, apache_rules
from tropea.rewrite import conditions as on
from tropea.rewrite.pastefactories import filter_main


class TestAnIdleRewriter(LayerContract):
    paste_factory = filter_main

    def make_layer(self, app):
        return RewriteMiddleware(app, [Rule("/old/(.*)", "/new/{1}")])


class TestARewriter(LayerContract):
    path = "/old/page"
    paste_factory = filter_main

    def make_layer(self, app):
        return RewriteMiddleware(app, [Rule("/old/(.*)", "/new/{1}", when=~on.header("X-No"))])

    def test_w05_script_name_and_path_info_say_the_same_url_as_before(self):
        """Another URL is what the layer is for; it is written into PATH_INFO alone."""
        inner = []
        layer = self.make_layer(lambda environ, start_response: inner.append(environ) or [])
        layer(self.make_environ(SCRIPT_NAME="/app"), lambda *_: None)
        assert (inner[0]["SCRIPT_NAME"], inner[0]["PATH_INFO"]) == ("/app", "/new/page")


class TestARuleFile(TestARewriter):
    def make_layer(self, app):
        text = "RewriteCond %{HTTP_ACCEPT} !^$ [OR]\nRewriteCond %{HTTPS} off\n"
        return RewriteMiddleware(app, apache_rules(f"{text}RewriteRule ^/old/(.*)$ /new/$1 [L]"))


def test_the_filter_of_an_ini_file_reads_its_rules_file(tmp_path, run):
    (tmp_path / "rewrite.conf").write_text("RewriteRule ^/a$ /b [R=301,L]\n")
    ini = tmp_path / "site.ini"
    ini.write_text(
        "[app:main]\nuse = call:wsgiref.simple_server:demo_app\n"
        "[filter:rewrite]\nuse = egg:tropea-rewrite\nrules_file = %(here)s/rewrite.conf\n"
    )
    layer = filter_main({"__file__": str(ini)}, rules_file=str(Path(tmp_path, "rewrite.conf")))
    assert run(layer, "/a").location == "/b"


def test_paste_deploy_finds_the_filter(tmp_path, run):
    from paste.deploy import loadfilter

    (tmp_path / "rewrite.conf").write_text("RewriteRule ^a$ b [L]\n")
    (tmp_path / "site.ini").write_text(
        "[filter:rewrite]\nuse = egg:tropea-rewrite\nrules_file = %(here)s/rewrite.conf\n"
        "context = dir\nbase = /x/\n"
    )
    layer = loadfilter(f"config:{tmp_path}/site.ini", name="rewrite")
    assert run(layer, "/x/a").path == "/x/b"
