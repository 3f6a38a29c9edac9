"""Serve a rule file around an application that tells what it was asked for.

Run: python sites.py wordpress.htaccess [document root]
"""

import sys
from pathlib import Path
from wsgiref.simple_server import make_server

from tropea.rewrite import apache_rules_file, urlrewriter

HERE = Path(__file__).parent


def told(environ, start_response):
    """Answer with the path and the query that came through the rules."""
    query = environ.get("QUERY_STRING", "")
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
    path = environ["PATH_INFO"].encode("latin-1")
    return [path, b"?" if query else b"", query.encode("latin-1"), b"\n"]


def site(name, document_root=None, base="/"):
    """Build the application of a rule file; ``.htaccess`` files are a folder's own."""
    context = "dir" if name.endswith(".htaccess") else "server"
    return urlrewriter(
        told,
        apache_rules_file(HERE / name, context=context, base=base, document_root=document_root),
    )


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 3:
        sys.exit(__doc__)
    with make_server("127.0.0.1", 8000, site(*sys.argv[1:])) as server:
        server.serve_forever()
