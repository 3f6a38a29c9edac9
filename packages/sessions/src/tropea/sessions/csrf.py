"""The layer that refuses requests which another site made the browser send.

A request that changes something must come from here, as far as the browser says where it comes
from (Sec-Fetch-Site, Origin, Referer), and must carry the session's token, in a header or in the
form: ``session.get_csrf_token()`` gives it to the page.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import field as option
from typing import Any, ClassVar
from urllib.parse import parse_qsl
from wsgiref.types import StartResponse, WSGIEnvironment

from tropea.core.keys import SESSION
from tropea.core.layer import Layer
from tropea.core.options import size
from tropea.sessions.origins import SAFE_METHODS, own_origin, refusal

_FORM = "application/x-www-form-urlencoded"
_UPLOAD = "multipart/form-data"


@dataclass(frozen=True)
class CSRFOptions:
    """What is asked of a request that changes something.

    field: of the form, header: of the request, in which the token comes.
    trusted_origins: others that may post here, such as ``https://shop.example.org``.
    exempt: prefixes of paths that take requests of other programs, which check them otherwise.
    max_body: bytes of a form that are read to find the token; larger ones must use the header.
    """

    field: str = "csrf_token"
    header: str = "X-CSRF-Token"
    trusted_origins: tuple[str, ...] = ()
    exempt: tuple[str, ...] = ()
    max_body: int = option(default=1024 * 1024, metadata={"read": size, "expects": "a size"})
    environ_key: str = SESSION


class CSRFMiddleware(Layer):
    """Answer 403 for a forged request; stands inside the session layer."""

    Options = CSRFOptions
    kind: ClassVar[str] = "auth"
    needs: ClassVar[tuple[str, ...]] = (SESSION,)

    def prepare(self) -> None:
        """Write the header's name as an environ has it."""
        options: CSRFOptions = self.options
        self._header = "HTTP_" + options.header.upper().replace("-", "_")
        self._trusted = frozenset(origin.lower().rstrip("/") for origin in options.trusted_origins)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] in SAFE_METHODS or self._is_exempt(environ):
            return self.call_app(environ, start_response)
        why = self._problem(environ)
        if why is None:
            return self.call_app(environ, start_response)
        page = f"Forbidden: {why}.\n".encode()
        head = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(page)))]
        start_response("403 Forbidden", head)
        return [page]

    def _is_exempt(self, environ: WSGIEnvironment) -> bool:
        path = environ.get("PATH_INFO", "")
        if "/../" in f"{path}/":  # it may lead out of what is exempt
            return False
        return any(
            path == prefix or path.startswith(prefix.rstrip("/") + "/")
            for prefix in self.options.exempt
        )

    def _problem(self, environ: WSGIEnvironment) -> str | None:
        get = environ.get
        host = get("HTTP_HOST") or f"{get('SERVER_NAME', '')}:{get('SERVER_PORT', '')}"
        why = refusal(
            own_origin(get("wsgi.url_scheme", "http"), host),
            site=get("HTTP_SEC_FETCH_SITE"),
            origin=get("HTTP_ORIGIN"),
            referer=get("HTTP_REFERER"),
            trusted=self._trusted,
        )
        if why is not None:
            return why
        token = get(self._header) or self._token_in_form(environ)
        if not token:
            return "the form's token is missing"
        if not environ[self.options.environ_key].has_csrf_token(token):
            return "the form's token is not this session's; load the page again"
        return None

    def _token_in_form(self, environ: WSGIEnvironment) -> str | None:
        kind = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
        length = environ.get("CONTENT_LENGTH", "")
        if kind not in (_FORM, _UPLOAD) or not length.isdecimal() or len(length) > 18:
            return None
        if int(length) > self.options.max_body:
            return None
        body = environ["wsgi.input"].read(int(length))
        environ["wsgi.input"] = io.BytesIO(body)  # the application reads it again
        if kind == _FORM:
            return self._first(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
        return self._in_upload(environ, body)

    def _first(self, pairs: Iterable[tuple[str, str]]) -> str | None:
        return next((value for name, value in pairs if name == self.options.field), None)

    def _in_upload(self, environ: WSGIEnvironment, body: bytes) -> str | None:
        import multipart

        copy: dict[str, Any] = {**environ, "wsgi.input": io.BytesIO(body)}
        try:
            forms, _files = multipart.parse_form_data(copy, strict=True, ignore_errors=False)
        except (multipart.MultipartError, ValueError, LookupError):  # a part's charset may be any
            return None
        found = forms.get(self.options.field)
        return found if isinstance(found, str) else None
