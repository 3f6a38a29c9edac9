"""Give an entity tag to answers whose application set none: a hash of their body.

Only bodies whose end is known are hashed: lists, and bodies that declare a short enough
Content-Length.  A stream of unknown length passes at once, as does a file that the server may
send by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from tropea.caching.fingerprints import HASH_BYTES
from tropea.caching.reasons import CONDITIONAL_LAYER
from tropea.core.capturing import Captured, capture
from tropea.core.closing import Chained, close
from tropea.core.directives import parse_directives
from tropea.core.fields import combined, get
from tropea.core.probing import note as tell


def tag_body(app: WSGIApplication, limit: int) -> WSGIApplication:
    """Wrap *app* so that its 200 answers carry a tag.

    limit: bytes of the longest body that is read to be hashed.
    """

    def tagged(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        answer = capture(app, environ)
        status, headers, body = answer.status, answer.headers, answer.body
        if _wants_tag(answer) and not _is_file(body, environ):
            body, data = _whole(body, headers, limit)
            if data is not None:
                tag = blake2b(data, digest_size=HASH_BYTES).hexdigest()
                headers = [*headers, ("ETag", f'"{tag}"')]
                tell(environ, CONDITIONAL_LAYER, f'made the tag "{tag}" of {len(data)} bytes')
        answer.hand_on(start_response, status, headers)
        return body

    return tagged


def _wants_tag(answer: Captured) -> bool:
    if answer.status[:3] != "200" or answer.restarted or get(answer.headers, "ETag") is not None:
        return False
    return "no-store" not in parse_directives(combined(answer.headers, "Cache-Control"))


def _is_file(body: Iterable[bytes], environ: WSGIEnvironment) -> bool:
    wrapper = environ.get("wsgi.file_wrapper")
    return isinstance(wrapper, type) and isinstance(body, wrapper)


def _whole(
    body: Iterable[bytes], headers: list[tuple[str, str]], limit: int
) -> tuple[Iterable[bytes], bytes | None]:
    """Return *body*, or one as good, and all of its bytes where they can be had."""
    if isinstance(body, (list, tuple)):
        known = sum(map(len, body)) <= limit
        return body, b"".join(body) if known else None
    declared = get(headers, "Content-Length") or ""
    if not (declared.isascii() and declared.isdigit() and len(declared) < 19):
        return body, None
    length = int(declared)
    if length > limit:
        return body, None
    steps: Iterator[bytes] = iter(body)
    taken: list[bytes] = []
    held = 0
    try:
        for block in steps:
            taken.append(block)
            held += len(block)
            if held > length:
                break  # the length was a lie: no tag, and the server sees what there is
    except BaseException:
        close(body)  # the server will never see this body, so it is ours to close
        raise
    data = b"".join(taken)
    return Chained(taken, steps, body), data if held == length else None
