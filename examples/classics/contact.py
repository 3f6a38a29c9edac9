#!/usr/bin/env python3
"""A contact form: one address, one handler that shows it, another that takes it.

Open http://127.0.0.1:8000/contact-form; what is sent is printed where the program runs.
"""

from html import escape
from wsgiref import simple_server

from tropea.core import BadRequest, see_other, to_wsgi
from tropea.dispatch import dispatcher_app

PAGE = "<!doctype html><title>Contact</title><h1>Contact</h1>"
dispatcher = dispatcher_app()


def contact_form(request):
    """Display the form."""
    return (
        f"{PAGE}<form method=post action='{escape(contact_form.url())}'>"
        "<p><label>Your address <input name=email type=email required></label>"
        "<p><label>Message <textarea name=message required></textarea></label>"
        "<p><button>Send</button></form>"
    )


def contact_form_submit(request):
    """Send the message on, then show a page that can be loaded again without harm."""
    email = request.form.get("email", "").strip()
    message = request.form.get("message", "").strip()
    if email.count("@") != 1 or "\n" in email or not message:
        raise BadRequest("Both an address and a message are needed.")
    send(email, message)
    return see_other(thanks.url())


dispatcher.match("/contact-form", GET=contact_form, POST=contact_form_submit)


@dispatcher.match("/thanks", "GET")
def thanks(request):
    return f"{PAGE}<p>Thank you: we read everything."


def send(email, message):
    """Where an application would send an e-mail."""
    print(f"From: {email!r}\n{message}")


application = to_wsgi(dispatcher)

if __name__ == "__main__":
    simple_server.make_server("127.0.0.1", 8000, application).serve_forever()
