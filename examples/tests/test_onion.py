"""The recipe book in one process."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

GIF = b"GIF89a\x01\x00\x01\x00\x00\xff\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x00;"


@pytest.fixture
def var(tmp_path):
    return tmp_path / "var"


@pytest.fixture
def app(var):
    from onion.app import make_app

    return make_app({}, var=str(var))


@pytest.fixture
def visitor(app):
    from tropea.core.testing import TestApp

    return TestApp(app)


def layer_classes(app):
    found = []
    while app is not None:
        found.append(type(app).__name__)
        app = getattr(app, "app", None)
    return found


def test_python_and_ini_build_the_same_stack(app, clone):
    from paste.deploy import loadapp

    from_ini = loadapp(f"config:{clone}/development.ini")
    assert layer_classes(from_ini) == [type(layer).__name__ for layer in app.layers]
    assert layer_classes(from_ini) == [
        "RegistryMiddleware", "RewriteMiddleware", "StaticMiddleware", "ConditionalMiddleware",
        "SessionMiddleware", "DispatcherApp",
    ]  # fmt: skip


def test_the_whole_onion_is_an_app_factory_for_an_ini_file(tmp_path):
    from paste.deploy import loadapp

    ini = tmp_path / "whole.ini"
    ini.write_text("[app:main]\npaste.app_factory = onion.app:make_app\nvar = %(here)s/var\n")
    assert len(loadapp(f"config:{ini}").layers) == 6
    assert (tmp_path / "var" / "recipes.db").is_file()


def test_a_wrong_setting_names_the_nearest_right_one(var):
    from onion.app import make_app
    from tropea.core import OptionError

    with pytest.raises(OptionError, match="did you mean 'largest_picture'"):
        make_app({}, largest_pictures="1M")


class TestTheBook:
    @pytest.fixture
    def book(self, var):
        from onion.book import Book

        return Book(var)

    def test_opening_it_again_finds_what_was_added(self, book, var):
        from onion.book import Book

        book.add("Soup", "water", "Boil.")
        assert Book(var).get("soup").ingredients == "water"

    def test_equal_titles_get_different_addresses(self, book):
        assert [book.add("Soup", "a", "b").slug for _ in range(3)] == ["soup", "soup-2", "soup-3"]

    def test_a_recipe_never_replaces_another(self, book):
        assert book.add("Toast", "stones", "Throw.").slug == "toast-2"
        assert "bread" in book.get("toast").ingredients

    def test_equal_pictures_are_kept_once(self, book):
        assert book.keep_picture(GIF, "gif") == book.keep_picture(GIF, "gif")
        assert len(list(book.pictures.iterdir())) == 1

    def test_hits_are_counted_by_page(self, book):
        assert [book.hit("a"), book.hit("a"), book.hit("b")] == [1, 2, 1]

    def test_hits_of_many_threads_are_all_counted(self, book):
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(8) as pool:
            counts = list(pool.map(lambda _: book.hit("page"), range(60)))
        assert sorted(counts) == list(range(1, 61))


@pytest.mark.parametrize(
    ("beginning", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff\xe0", "jpg"), (b"GIF87a", "gif"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "webp"), (b"RIFF\x10\0\0\0WAVEfmt ", None),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", None), (b"%PDF-1.7", None), (b"", None),
        (b" \x89PNG\r\n\x1a\n", None),
    ],
)  # fmt: skip
def test_the_kind_of_a_picture_is_told_by_its_first_bytes(beginning, kind):
    from onion.uploads import kind_of

    assert kind_of(beginning) == kind


def test_everything_in_a_page_is_escaped_but_html():
    from onion.pages import Html, each, render

    assert render("<p>$a$b</p>", a="<i>&\"'", b=Html("<b>")) == "<p>&lt;i&gt;&amp;&quot;&#x27;<b></p>"
    assert each("$x,", [{"x": "<"}, {"x": 2}]) == "&lt;,2,"


def test_a_place_in_a_template_is_never_left_empty_by_accident():
    from onion.pages import render

    with pytest.raises(KeyError):
        render("$name")


def token(page):
    return re.search(r'name="csrf" value="([^"]+)"', page.body.decode())[1]


def add(visitor, **fields):
    given = {"title": "Soup", "ingredients": "water", "method": "Boil.", **fields}
    given.setdefault("csrf", token(visitor.get("/recipes/new")))
    files = [("picture", *given.pop("picture"))] if "picture" in given else []
    return visitor.post_multipart("/recipes/new", data=given, files=files)


class TestVisiting:
    def test_the_list_links_to_every_recipe(self, visitor):
        page = visitor.get("/").body.decode()
        for slug in ("toast", "baked-beans", "red-onion-soup", "lemon-linguine"):
            assert f'href="/recipes/{slug}"' in page

    def test_links_know_where_the_application_is_mounted(self, app):
        from tropea.core.testing import TestApp

        page = TestApp(app, SCRIPT_NAME="/kitchen").get("/").body.decode()
        assert 'href="/kitchen/recipes/toast"' in page
        assert not re.search(r'(href|src|action)="/(?!kitchen/)', page)

    def test_recently_viewed_is_newest_first_and_without_repetition(self, visitor):
        for slug in ("toast", "baked-beans", "toast", "lemon-linguine"):
            visitor.get(f"/recipes/{slug}")
        aside = visitor.get("/").body.decode().partition('class="recent"')[2]
        assert re.findall(r'/recipes/([a-z-]+)"', aside) == ["lemon-linguine", "toast", "baked-beans"]

    def test_visitors_do_not_see_each_others_history(self, app):
        from tropea.core.testing import TestApp

        TestApp(app).get("/recipes/toast")
        assert "Recently viewed" not in TestApp(app).get("/").body.decode()

    def test_a_page_needs_no_script_and_nothing_from_elsewhere(self, visitor):
        for path in ("/", "/recipes/toast", "/recipes/new", "/sign-in", "/nothing"):
            page = visitor.get(path)
            text = page.body.decode()
            assert "<script" not in text
            assert " style=" not in text
            assert "http://" not in text.replace("http://www.w3.org", "")
            assert "https://" not in text
            policy = page.get_header("Content-Security-Policy")
            assert "default-src 'none'" in policy


class TestAdding:
    def test_a_recipe_with_a_picture_is_shown_with_it(self, visitor, var):
        answer = add(visitor, title="Crème & co", picture=("x.gif", "image/gif", GIF))
        assert answer.status.startswith("303")
        assert answer.get_header("Location") == "/recipes/creme-co"
        page = visitor.get("/recipes/creme-co").body.decode()
        assert "Crème &amp; co is in the book now." in page
        (name,) = [file.name for file in (var / "pictures").iterdir()]
        picture = visitor.get(f"/pictures/{name}")
        assert picture.body == GIF
        assert picture.get_header("Content-Type") == "image/gif"

    def test_without_the_token_nothing_is_added(self, visitor, app):
        before = visitor.get("/").body
        for wrong in ("", "guess", "é"):
            assert add(visitor, csrf=wrong).status.startswith("403")
        assert b"Soup</h2>" not in visitor.get("/").body.replace(b"Red onion soup", b"")
        assert before.count(b"<li") == visitor.get("/").body.count(b"<li")

    def test_another_visitors_token_is_no_token(self, app):
        from tropea.core.testing import TestApp

        stolen = token(TestApp(app).get("/recipes/new"))
        assert add(TestApp(app), csrf=stolen).status.startswith("403")

    @pytest.mark.parametrize("name", ["title", "ingredients", "method"])
    def test_what_is_missing_is_named_and_what_was_written_stays(self, visitor, name):
        answer = add(visitor, **{"title": "A <b>", name: "  "})
        page = answer.body.decode()
        assert answer.status.startswith("422")
        assert f"The {name} is missing." in page
        assert name == "title" or 'value="A &lt;b&gt;"' in page

    def test_a_script_that_calls_itself_a_picture_is_refused(self, visitor, var):
        svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
        answer = add(visitor, picture=("x.png", "image/png", svg))
        assert answer.status.startswith("422")
        assert list((var / "pictures").iterdir()) == []

    def test_a_picture_of_just_the_largest_size_is_taken_and_one_byte_more_is_not(self, var):
        from onion.app import make_app
        from tropea.core.testing import TestApp

        visitor = TestApp(make_app({}, var=str(var), largest_picture="1000"))
        exact = GIF + bytes(1000 - len(GIF))
        assert add(visitor, picture=("x.gif", "image/gif", exact)).status.startswith("303")
        over = add(visitor, picture=("x.gif", "image/gif", exact + b"\0"))
        assert over.status.startswith("422")

    def test_an_evil_file_name_goes_nowhere(self, visitor, var):
        add(visitor, picture=("../../../evil.gif", "image/gif", GIF))
        files = {file.name for file in var.rglob("*")} | {f.name for f in var.parent.iterdir()}
        assert not any("evil" in name for name in files)


class TestSigning:
    def sign_in(self, visitor, name):
        csrf = token(visitor.get("/sign-in"))
        return visitor.post("/sign-in", data={"cook": name, "csrf": csrf})

    def test_signing_in_changes_the_session_id(self, visitor):
        before = visitor.get("/sign-in").get_header("Set-Cookie")
        after = self.sign_in(visitor, "Ada").get_header("Set-Cookie")
        assert before and after
        assert before.partition(";")[0] != after.partition(";")[0]

    def test_a_recipe_bears_the_name_of_who_signed_in(self, visitor):
        self.sign_in(visitor, "Ada <3")
        add(visitor)
        assert "from the kitchen of Ada &lt;3" in visitor.get("/recipes/soup").body.decode()

    def test_signing_out_forgets_the_name(self, visitor):
        self.sign_in(visitor, "Ada")
        visitor.post("/sign-out", data={"csrf": token(visitor.get("/"))})
        page = visitor.get("/").body.decode()
        assert 'class="who"' not in page
        assert "Come back soon." in page

    @pytest.mark.parametrize("name", ["", "   ", "x" * 41])
    def test_a_name_that_is_none_is_refused(self, visitor, name):
        assert self.sign_in(visitor, name).status.startswith("422")


class TestTheCounter:
    def test_the_validator_changes_at_every_seventh_hit(self, visitor):
        tags = [visitor.get("/counter.svg").get_header("ETag") for _ in range(15)]
        assert tags == ['W/"0"'] * 7 + ['W/"1"'] * 7 + ['W/"2"']

    def test_it_is_drawn_only_when_the_browser_has_not_got_it(self, visitor, monkeypatch):
        from onion import counter

        drawn = []
        original = counter._SVG

        class Watched(str):
            def format(self, count):
                drawn.append(count)
                return original.format(count=count)

        monkeypatch.setattr(counter, "_SVG", Watched())
        tag = visitor.get("/counter.svg").get_header("ETag")
        statuses = [
            visitor.get("/counter.svg", HTTP_IF_NONE_MATCH=tag).status[:3] for _ in range(8)
        ]
        assert statuses == ["304"] * 6 + ["200"] * 2
        assert drawn == [1, 8, 9]


def test_sessions_and_pictures_lie_below_var_alone(visitor, var):
    add(visitor, picture=("x.gif", "image/gif", GIF))
    kept = {path.relative_to(var).parts[0] for path in var.rglob("*")}
    assert {"recipes.db", "pictures"} <= kept
    assert any(name.startswith("sessions.db") for name in kept)


def test_every_file_of_the_example_is_small(clone):
    for file in Path(clone).rglob("*.py"):
        assert len(file.read_text().splitlines()) <= 250, file
