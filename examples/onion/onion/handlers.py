"""What the recipe book answers: one method a page, and the table of its addresses."""

from __future__ import annotations

from hmac import compare_digest

from onion import counter, uploads
from onion.book import Book
from onion.pages import each, fill, render
from onion.parts import (
    FIELDS, counted, lines, page, picture_of, problem, recent, recipe_form, sign_in_form,
)
from tropea.caching import with_etag
from tropea.core import Forbidden, NotFound, Request, RequestOptions, Response, see_other
from tropea.dispatch import DispatcherApp, dispatcher_app
from tropea.static import static_server

#: Sent with every picture that somebody uploaded.
PICTURE_HEADERS = [("Content-Security-Policy", "default-src 'none'; sandbox")]
#: Forms of a few words need no more than this.
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
        content = fill("index.html", cards=cards, count=count, recent=recent(self.book, request))
        return page(request, "Recipes", content)

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
            recent=recent(self.book, request, slug),
        )
        seen = [other for other in request.session.get("recent", ()) if other != slug]
        request.session["recent"] = [slug, *seen][:RECENT]
        return page(request, recipe.title, content)

    def new(self, request: Request) -> Response:
        """Show the form for a new recipe."""
        return recipe_form(request, {}, [])

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
            return recipe_form(request, given, problems)
        address = self.book.keep_picture(picture, kind) if kind else ""
        cook = request.session.get("cook", "")
        recipe = self.book.add(**given, picture=address, cook=cook)
        request.session.flash(f"{recipe.title} is in the book now.")
        return see_other(f"{request.script_name}/recipes/{recipe.slug}")

    def signing_in(self, request: Request) -> Response:
        """Show the form that asks for a name."""
        return sign_in_form(request, "")

    def sign_in(self, request: Request) -> Response:
        """Remember who cooks, under a new session id."""
        request.options = SMALL_FORM
        check_token(request)
        cook = " ".join(request.form.get("cook", "").split())
        if not 0 < len(cook) <= 40:
            return sign_in_form(request, "A name has between 1 and 40 characters.")
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
        return problem(request, 404, "Not in this book", "There is no page of that name.")

    def refused(self, request: Request, **_: object) -> Response:
        """Say that a form did not come from a page of this visitor's."""
        text = "This form is too old. Go back, load the page again and send it anew."
        return problem(request, 403, "Not like this", text)

    def too_much(self, request: Request, **_: object) -> Response:
        """Say that more was sent than is read."""
        return problem(request, 413, "Too much at once", "That is more than can be taken.")


def check_token(request: Request) -> None:
    """Raise Forbidden unless the form carries the token of this visitor's session."""
    session = request.session
    given = request.form.get("csrf", "").encode()
    if session.is_new or not compare_digest(given, session.get_csrf_token().encode()):
        raise Forbidden
