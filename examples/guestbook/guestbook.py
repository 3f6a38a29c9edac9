"""A guest book: a form, a redirect after the post, and one page an entry.

Run it with ``python guestbook.py`` and look at http://127.0.0.1:8000/.
"""

from html import escape
from wsgiref.simple_server import make_server

from tropea.core import NotFound, Response, see_other, to_wsgi
from tropea.dispatch import dispatcher_app

app = dispatcher_app()
entries = []  # (name, message)


@app.match("/", "GET")
def guestbook(request):
    """List the entries above a form for a new one."""
    items = (
        f'<li><a href="{view_entry.url(index=index)}">{escape(name)}</a></li>'
        for index, (name, _) in enumerate(entries)
    )
    return Response([
        "<!doctype html><title>Guest book</title><h1>Guest book</h1><ul>",
        *items,
        f'</ul><form method="post" action="{add_entry.url()}">'
        '<p><label>Name <input name="name" required></label>'
        '<p><label>Message <textarea name="message" required></textarea></label>'
        "<p><button>Sign</button></form>",
    ])


@app.match("/add-entry", "POST")
def add_entry(request):
    """Take an entry and send the visitor back to the list."""
    name, message = request.form.get("name"), request.form.get("message")
    if not name or not message:
        return Response(["A name and a message, please."], status=400)
    entries.append((name, message))
    return see_other(guestbook.url())


@app.match("/view-entry/<index:int>", "GET")
def view_entry(request, index):
    """Show one entry."""
    if index >= len(entries):
        raise NotFound()
    name, message = entries[index]
    return Response([f"<!doctype html><h1>{escape(name)}</h1><p>{escape(message)}</p>"])


application = to_wsgi(app)

if __name__ == "__main__":
    with make_server("127.0.0.1", 8000, application) as server:
        server.serve_forever()
