"""The parts that pages are made of: the frame around all of them, lists, forms and problems."""

from __future__ import annotations

from onion.book import Book, Recipe
from onion.pages import Html, each, fill, render
from tropea.core import Request, Response
from tropea.static import StaticError, static_url

#: Sent with every page: nothing from elsewhere, no script at all, no frame around us.
PAGE_HEADERS = [
    ("Content-Type", "text/html; charset=UTF-8"),
    ("Cache-Control", "no-cache"),  # who is signed in shows, and a recipe may change: ask each time
    (
        "Content-Security-Policy",
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
]
#: Fields of the form for a new recipe, and the characters that each may have.
FIELDS = {"title": 120, "ingredients": 4000, "method": 8000}


def page(request: Request, title: str, content: Html, status: int = 200) -> Response:
    """Put *content* into the page that all share."""
    session = request.session
    base = request.script_name
    if session.get("cook"):
        cook = render(
            '<form method="post" action="$base/sign-out">'
            '<input type="hidden" name="csrf" value="$csrf"><span class="who">$cook</span>'
            '<button class="quiet">Sign out</button></form>',
            base=base, csrf=session.get_csrf_token(), cook=session["cook"],
        )
    else:
        cook = render('<a href="$base/sign-in">Sign in</a>', base=base)
    flashes = each(
        '<p class="note" role="status">$text</p>',
        ({"text": text} for text in session.pop_flash()),
    )
    html = fill(
        "layout.html", base=base, title=title, cook=cook, flashes=flashes, content=content,
        style=asset(request, "style.css"), icon=asset(request, "onion.svg"),
    )
    return Response([html.encode()], status=status, headers=PAGE_HEADERS)


def asset(request: Request, name: str) -> str:
    """Return the address of a static file: by its hashed name where the stack was built with one."""
    try:
        return static_url(name, request)
    except StaticError:
        return f"{request.script_name}/static/{name}"


def problem(request: Request, status: int, title: str, text: str) -> Response:
    """Make the page of an answer that is no success."""
    content = fill(
        "problem.html", base=request.script_name, status=status, title=title, text=text
    )
    made = page(request, title, content, status)
    return made.replace(headers=[("Cache-Control", "no-store")])  # it may be otherwise at once


def recent(book: Book, request: Request, without: str = "") -> Html | str:
    """List the recipes that this visitor looked at lately."""
    slugs = [slug for slug in request.session.get("recent", ()) if slug != without]
    known = [recipe for recipe in map(book.get, slugs) if recipe]
    if not known:
        return ""
    links = each(
        '<li><a href="$base/recipes/$slug">$title</a></li>\n',
        ({"base": request.script_name, "slug": r.slug, "title": r.title} for r in known),
    )
    return render(
        '<aside class="recent"><h2>Recently viewed</h2><ul>\n$links</ul></aside>', links=links
    )


def recipe_form(request: Request, given: dict[str, str], problems: list[str]) -> Response:
    content = fill(
        "add.html",
        base=request.script_name,
        csrf=request.session.get_csrf_token(),
        problems=listed(problems),
        **{name: given.get(name, "") for name in FIELDS},
    )
    return page(request, "Add a recipe", content, status=422 if problems else 200)


def sign_in_form(request: Request, problem: str) -> Response:
    content = fill(
        "sign-in.html",
        base=request.script_name,
        csrf=request.session.get_csrf_token(),
        problems=listed([problem] if problem else []),
    )
    return page(request, "Sign in", content, status=422 if problem else 200)


def picture_of(request: Request, recipe: Recipe) -> str:
    return request.script_name + (recipe.picture or "/static/no-picture.svg")


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def listed(problems: list[str]) -> Html | str:
    if not problems:
        return ""
    items = each("<li>$text</li>", ({"text": text} for text in problems))
    return render('<div class="note bad" role="alert"><ul>$items</ul></div>', items=items)
