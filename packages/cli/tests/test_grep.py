"""Symbols are found by what they mean, not by how they are spelled."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tropea.cli.searching import search, word_for
from tropea.cli.symbols import hits_in

FILES = {
    "shop/__init__.py": "from .models import Recipe\n",
    "shop/models.py": (
        "class Recipe:\n    def cook(self): ...\n\n\nclass Other:\n    def cook(self): ...\n\n\nTOAST = Recipe()\n"
    ),
    "shop/views.py": "from shop.models import Recipe as R\nfrom . import models\n\nmade = [R(), models.Recipe()]\nR.cook(made[0])\n",
    "shop/sub/deep.py": "from ..models import Recipe\nimport shop.models as m\n\nm.Recipe\n",
    "other.py": "class Recipe: ...\n\n\nRecipe()\nLOAD = 'shop.models:Recipe'\n",
    "page.html": "<p>Recipe of the day</p>\n${Recipe.today()}\n{{ Recipe }}\n<a tal:content=\"Recipe\">x</a>\n",
    "app.ini": "# Recipe is made by\n[filter:Recipe]\nuse = call:shop.models:Recipe\nRecipe = 1\n",
    "broken.py": "def (Recipe\n",
    ".hidden/x.py": "Recipe\n",
}  # fmt: skip


@pytest.fixture
def found(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    def find(symbol):
        return {
            (str(hit.path.relative_to(tmp_path)), hit.line, hit.what)
            for hit in search(symbol, tmp_path)
        }

    return find


def test_a_plain_name_is_found_wherever_it_is_bound_or_read(found):
    assert found("Recipe") == {
        ("shop/__init__.py", 1, "import"),
        ("shop/models.py", 1, "definition"), ("shop/models.py", 9, "use"),
        ("shop/views.py", 1, "import"), ("shop/views.py", 4, "use"),
        ("shop/sub/deep.py", 1, "import"), ("shop/sub/deep.py", 4, "use"),
        ("other.py", 1, "definition"), ("other.py", 4, "use"), ("other.py", 5, "use"),
        ("page.html", 1, "text"), ("page.html", 2, "use"), ("page.html", 3, "use"), ("page.html", 4, "use"),
        ("app.ini", 1, "text"), ("app.ini", 2, "definition"), ("app.ini", 3, "use"), ("app.ini", 4, "assignment"),
        ("broken.py", 1, "text"),
    }  # fmt: skip


def test_a_dotted_name_is_found_under_every_name_it_was_imported_as_and_no_other_is(found):
    assert found("shop.models.Recipe") == {
        ("shop/__init__.py", 1, "import"),
        ("shop/models.py", 1, "definition"), ("shop/models.py", 9, "use"),
        ("shop/views.py", 1, "import"), ("shop/views.py", 4, "use"), ("shop/views.py", 5, "use"),
        ("shop/sub/deep.py", 1, "import"), ("shop/sub/deep.py", 4, "use"),
        ("other.py", 5, "use"),
        ("app.ini", 3, "use"),
    }  # fmt: skip


def test_a_method_is_told_from_one_of_the_same_name(found):
    assert found("Recipe.cook") == {
        ("shop/models.py", 2, "definition"),
        ("shop/views.py", 5, "use"),
    }
    assert found("Other.cook") == {("shop/models.py", 6, "definition")}


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("def f(x): ...", "assignment"),
        ("x = 1", "assignment"),
        ("o.x = 1", "assignment"),
        ("try: ...\nexcept E as x: ...", "assignment"),
        ("match y:\n  case {'a': x}: ...", "assignment"),
        ("import x.y", "import"),
        ("from x import y", "import"),
        ("from a import y as x", "import"),
        ("def x(): ...", "definition"),
        ("async def x(): ...", "definition"),
        ("f(x=1)", "use"),
        ("o.x", "use"),
        ("'pkg.x:make'", "use"),
    ],
)
def test_what_python_does_with_a_name(code, what):
    assert {kind for _, kind in hits_in(ast.parse(code), "x", "module")} == {what}


@pytest.mark.parametrize("code", ["'x'", "'a sentence about x.'", "xx", "# x"])
def test_what_only_looks_like_a_name_is_none(code):
    assert list(hits_in(ast.parse(code), "x", "module")) == []


@given(st.text(max_size=60))
def test_no_text_breaks_the_word(text):
    word_for("shop.models.Recipe").search(text)
    word_for("x").search(text)
