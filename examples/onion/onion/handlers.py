"""What the recipe book answers: one method a page, and the table of its addresses."""

from __future__ import annotations

from hmac import compare_digest

from onion import counter, uploads
from onion.book import Book, Recipe
from onion.pages import Html, each, fill, render
from tropea.caching import with_etag
from tropea.core import Forbidden, NotFound, Request, RequestOptions, Response, see_other
from tropea.dispatch import DispatcherApp, dispatcher_app
from tropea.static import static_server

#: Sent with every page: nothing from elsewhere, no script at all, no frame around us.
PAGE_HEADERS = [
    ("Content-Type", "text/html; charset=UTF-8"),
    (
        "Content-Security-Policy",
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
]
#: Sent with every picture that somebody uploaded.
PICTURE_HEADERS = [("Content-Security-Policy", "default-src 'none'; sandbox")]
#: Fields of the form for a new recipe, and the characters that each may have.
FIELDS = {"title": 120, "ingredients": 4000, "method": 8000}
SMALL_FORM = RequestOptions(max_body=4096)
#: Recipes that "recently viewed" remembers.
RECENT = 4


class Kitchen:
    """The handlers of one recipe book."""

    def __init__(self, book: Book, largest_picture: int = uploads.LARGEST) -> None:
        self.book = book
        self.largest_picture = largest_picture
        self.pictures = static_server(  # named after their content, so they never change
            book.pictures, autorefresh=True, immutable=("*",), headers=PICTURE_HEADERS
        )

    def dispatcher(self) -> DispatcherApp:
        """Map addresses to handlers; both ways of writing a pattern are here."""
        app = dispatcher_app()
        app.match("/", GET=self.index)
        app.match("/recipes/new", GET=self.new, POST=self.add)
        app.match("/recipes/slug:[a-z0-9-]+", GET=self.show)
        app.match("/sign-in", GET=self.signing_in, POST=self.sign_in)
        app.match("/sign-out", POST=self.sign_out)
        app.match("/counter.svg", GET=self.counter)
        app.match("/pictures/<name:path>", GET=self.pictures)
        app.http_state(404)(self.nothing)
        app.http_state(403)(self.refused)
        app.http_state(413)(self.too_much)
        return app

    def index(self, request: Request) -> Response:
        """List the recipes."""
        recipes = self.book.all()
        cards = each(
            '<li class="card"><a href="$base/recipes/$slug">'
            '<img src="$picture" alt="" width="640" height="400">'
            "<h2>$title</h2><p>$number</p></a></li>\n",
            (
                {"base": request.script_name, "slug": recipe.slug, "title": recipe.title,
                 "picture": picture_of(request, recipe),
                 "number": counted(len(lines(recipe.ingredients)), "ingredient")}
                for recipe in recipes
            ),
        )
        count = counted(len(recipes), "recipe")
        content = fill("index.html", cards=cards, count=count, recent=self.recent(request))
        return self.page(request, "Recipes", content)

    def show(self, request: Request, slug: str) -> Response:
        """Show one recipe, and remember that it was seen."""
        recipe = self.book.get(slug)
        if recipe is None:
            raise NotFound
        content = fill(
            "recipe.html",
            base=request.script_name,
            title=recipe.title,
            signed=render('<p class="signed">from the kitchen of $cook</p>', cook=recipe.cook)
            if recipe.cook else "",
            picture=picture_of(request, recipe),
            ingredients=each("<li>$line</li>\n", ({"line": i} for i in lines(recipe.ingredients))),
            method=each("<li>$line</li>\n", ({"line": i} for i in lines(recipe.method))),
            recent=self.recent(request, slug),
        )
        seen = [other for other in request.session.get("recent", ()) if other != slug]
        request.session["recent"] = [slug, *seen][:RECENT]
        return self.page(request, recipe.title, content)

    def new(self, request: Request) -> Response:
        """Show the form for a new recipe."""
        return self.form(request, {}, [])

    def add(self, request: Request) -> Response:
        """Take a new recipe, with its picture if there is one."""
        request.options = RequestOptions(max_body=4 * self.largest_picture + 65536)
        check_token(request)
        given = {name: request.form.get(name, "").strip() for name in FIELDS}
        problems = [f"The {name} is missing." for name in FIELDS if not given[name]]
        problems += [
            f"The {name} may have {most} characters at most."
            for name, most in FIELDS.items() if len(given[name]) > most
        ]
        picture = b""
        kind = ""
        upload = request.files.get("picture")
        if upload is not None and upload.raw_filename:
            picture = upload.file.read(self.largest_picture + 1)
            try:
                kind = uploads.check(picture, self.largest_picture)
            except uploads.UploadRefused as refusal:
                problems.append(str(refusal))
        if problems:
            return self.form(request, given, problems)
        address = self.book.keep_picture(picture, kind) if kind else ""
        cook = request.session.get("cook", "")
        recipe = self.book.add(**given, picture=address, cook=cook)
        request.session.flash(f"{recipe.title} is in the book now.")
        return see_other(f"{request.script_name}/recipes/{recipe.slug}")

    def signing_in(self, request: Request) -> Response:
        """Show the form that asks for a name."""
        return self.sign_in_form(request, "")

    def sign_in(self, request: Request) -> Response:
        """Remember who cooks, under a new session id."""
        request.options = SMALL_FORM
        check_token(request)
        cook = " ".join(request.form.get("cook", "").split())
        if not 0 < len(cook) <= 40:
            return self.sign_in_form(request, "A name has between 1 and 40 characters.")
        request.session.regenerate()
        request.session["cook"] = cook
        request.session.flash(f"Welcome, {cook}.")
        return see_other(f"{request.script_name}/")

    def sign_out(self, request: Request) -> Response:
        """Forget everything about this visitor."""
        request.options = SMALL_FORM
        check_token(request)
        request.session.invalidate()
        request.session.flash("Come back soon.")
        return see_other(f"{request.script_name}/")

    def counter(self, request: Request) -> Response:
        """Count a hit and answer its picture, whose validator lasts for seven of them."""
        count = self.book.hit("counter")
        answer = with_etag(lambda request: counter.validator(count), weak=True)
        return answer(lambda request: Response(
            counter.picture(count),
            headers=[("Content-Type", "image/svg+xml"), ("Cache-Control", "no-cache")],
        ))(request)

    def nothing(self, request: Request, **_: object) -> Response:
        """Say that there is no such page."""
        return self.problem(request, 404, "Not in this book", "There is no page of that name.")

    def refused(self, request: Request, **_: object) -> Response:
        """Say that a form did not come from a page of this visitor's."""
        text = "This form is too old. Go back, load the page again and send it anew."
        return self.problem(request, 403, "Not like this", text)

    def too_much(self, request: Request, **_: object) -> Response:
        """Say that more was sent than is read."""
        return self.problem(request, 413, "Too much at once", "That is more than can be taken.")

    # -- parts of pages ------------------------------------------------------------------

    def page(self, request: Request, title: str, content: Html, status: int = 200) -> Response:
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
            "layout.html", base=base, title=title, cook=cook, flashes=flashes, content=content
        )
        return Response([html.encode()], status=status, headers=PAGE_HEADERS)

    def problem(self, request: Request, status: int, title: str, text: str) -> Response:
        """Make the page of an answer that is no success."""
        content = fill(
            "problem.html", base=request.script_name, status=status, title=title, text=text
        )
        return self.page(request, title, content, status)

    def recent(self, request: Request, without: str = "") -> Html | str:
        """List the recipes that this visitor looked at lately."""
        slugs = [slug for slug in request.session.get("recent", ()) if slug != without]
        known = [recipe for recipe in map(self.book.get, slugs) if recipe]
        if not known:
            return ""
        links = each(
            '<li><a href="$base/recipes/$slug">$title</a></li>\n',
            ({"base": request.script_name, "slug": r.slug, "title": r.title} for r in known),
        )
        return render(
            '<aside class="recent"><h2>Recently viewed</h2><ul>\n$links</ul></aside>', links=links
        )

    def form(self, request: Request, given: dict[str, str], problems: list[str]) -> Response:
        content = fill(
            "add.html",
            base=request.script_name,
            csrf=request.session.get_csrf_token(),
            problems=listed(problems),
            **{name: given.get(name, "") for name in FIELDS},
        )
        return self.page(request, "Add a recipe", content, status=422 if problems else 200)

    def sign_in_form(self, request: Request, problem: str) -> Response:
        content = fill(
            "sign-in.html",
            base=request.script_name,
            csrf=request.session.get_csrf_token(),
            problems=listed([problem] if problem else []),
        )
        return self.page(request, "Sign in", content, status=422 if problem else 200)


def check_token(request: Request) -> None:
    """Raise Forbidden unless the form carries the token of this visitor's session."""
    given = request.form.get("csrf", "")
    if not compare_digest(given.encode(), request.session.get_csrf_token().encode()):
        raise Forbidden


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
