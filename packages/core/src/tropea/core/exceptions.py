"""One class per status that stops a handler: raise it, return it, or call it as an application.

>>> def show(request, recipe):
...     raise NotFound("There is no such recipe.")

Each is a Response and an instance of webob's exception of the same status, so ``except
webob.exc.HTTPNotFound`` catches ours, and ``isinstance(error, NotFound)`` holds for webob's.

Source: RFC 9110 section 15, RFC 6585.
"""

# mypy: disable-error-code="misc"
# webob has no types, so its classes are Any to mypy; the rest of the module is checked.

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from tropea.core.fields import FieldError
from tropea.core.foundation import webob
from tropea.core.headers import make_field
from tropea.core.locations import check_location, is_safe_target, own_path
from tropea.core.raising import HTTPError, HTTPException, StatusException, exception_field
from tropea.core.statuses import status_line

_theirs: Any = webob.exc


class BadRequest(HTTPError, _theirs.HTTPBadRequest, code=400):
    """The request cannot be understood."""

    explanation = "The request could not be understood."


class Unauthorized(HTTPError, _theirs.HTTPUnauthorized, code=401):
    """Credentials are missing or wrong; ``challenge`` says which are wanted."""

    explanation = "You have to sign in first."

    def __init__(
        self, detail: Any = None, headers: Any = None, *, challenge: Any = None, **arguments: Any
    ) -> None:
        super().__init__(detail, headers, **arguments)
        for one in [challenge] if isinstance(challenge, str) else challenge or ():
            self._headerlist.append(make_field("WWW-Authenticate", one))


class PaymentRequired(HTTPError, _theirs.HTTPPaymentRequired, code=402):
    """Reserved by HTTP."""


class Forbidden(HTTPError, _theirs.HTTPForbidden, code=403):
    """The request was understood and is refused."""

    explanation = "Sorry, access is denied."


class NotFound(HTTPError, _theirs.HTTPNotFound, code=404):
    """Nothing is there."""

    explanation = "The requested resource could not be found."


class MethodNotAllowed(HTTPError, _theirs.HTTPMethodNotAllowed, code=405):
    """The resource has other methods; ``allow`` lists them."""

    def __init__(
        self, detail: Any = None, headers: Any = None, *, allow: Iterable[str] = (), **rest: Any
    ) -> None:
        super().__init__(detail, headers, **rest)
        if allow:
            methods = [allow] if isinstance(allow, str) else allow
            self._headerlist.append(make_field("Allow", ", ".join(methods)))


class NotAcceptable(HTTPError, _theirs.HTTPNotAcceptable, code=406):
    """No representation suits the Accept fields of the request."""


class ProxyAuthenticationRequired(HTTPError, _theirs.HTTPProxyAuthenticationRequired, code=407):
    """A proxy wants credentials."""


class RequestTimeout(HTTPError, _theirs.HTTPRequestTimeout, code=408):
    """The request did not arrive in time."""


class Conflict(HTTPError, _theirs.HTTPConflict, code=409):
    """The request contradicts the state of the resource."""


class Gone(HTTPError, _theirs.HTTPGone, code=410):
    """The resource was there, and will not come back."""


class LengthRequired(HTTPError, _theirs.HTTPLengthRequired, code=411):
    """The length of the body has to be said."""

    explanation = "The Content-Length header was missing from your request."


class PreconditionFailed(HTTPError, _theirs.HTTPPreconditionFailed, code=412):
    """A condition of the request does not hold."""


class RequestEntityTooLarge(HTTPError, _theirs.HTTPRequestEntityTooLarge, code=413):
    """The body is larger than the application takes."""


class RequestURITooLong(HTTPError, _theirs.HTTPRequestURITooLong, code=414):
    """The target is longer than the application takes."""


class UnsupportedMediaType(HTTPError, _theirs.HTTPUnsupportedMediaType, code=415):
    """The body is of a type that the resource does not take."""


class RangeNotSatisfiable(HTTPError, _theirs.HTTPRequestRangeNotSatisfiable, code=416):
    """No part of the representation is asked for."""


class ExpectationFailed(HTTPError, _theirs.HTTPExpectationFailed, code=417):
    """The Expect field cannot be met."""


class MisdirectedRequest(HTTPError, code=421):
    """Another server answers for this target."""


class UnprocessableEntity(HTTPError, _theirs.HTTPUnprocessableEntity, code=422):
    """The body is well formed and makes no sense."""


class Locked(HTTPError, _theirs.HTTPLocked, code=423):
    """The resource is locked."""


class FailedDependency(HTTPError, _theirs.HTTPFailedDependency, code=424):
    """Something that this depends on failed."""


class TooEarly(HTTPError, code=425):
    """The request may be a replay of early data."""


class UpgradeRequired(HTTPError, code=426):
    """Another protocol is needed."""


class PreconditionRequired(HTTPError, _theirs.HTTPPreconditionRequired, code=428):
    """The request has to be conditional."""


class _Retried(HTTPError):
    """Base of the statuses that say when to come back."""

    def __init__(
        self, detail: Any = None, headers: Any = None, *, retry_after: Any = None, **rest: Any
    ) -> None:
        super().__init__(detail, headers, **rest)
        if retry_after is not None:
            self._headerlist.append(make_field("Retry-After", retry_after))


class TooManyRequests(_Retried, _theirs.HTTPTooManyRequests, code=429):
    """The client asks too often; ``retry_after``: seconds, or a datetime."""


class RequestHeaderFieldsTooLarge(HTTPError, _theirs.HTTPRequestHeaderFieldsTooLarge, code=431):
    """The header fields are larger than the application takes."""


class UnavailableForLegalReasons(HTTPError, _theirs.HTTPUnavailableForLegalReasons, code=451):
    """A law keeps the resource back."""


class InternalServerError(HTTPError, _theirs.HTTPInternalServerError, code=500):
    """Something went wrong here."""


class HTTPNotImplemented(HTTPError, _theirs.HTTPNotImplemented, code=501):
    """The server does not know the method."""


class BadGateway(HTTPError, _theirs.HTTPBadGateway, code=502):
    """Another server answered nonsense."""


class ServiceUnavailable(_Retried, _theirs.HTTPServiceUnavailable, code=503):
    """Not now; ``retry_after``: seconds, or a datetime."""


class GatewayTimeout(HTTPError, _theirs.HTTPGatewayTimeout, code=504):
    """Another server did not answer in time."""


class HTTPVersionNotSupported(HTTPError, _theirs.HTTPVersionNotSupported, code=505):
    """The server does not speak this version."""


class InsufficientStorage(HTTPError, _theirs.HTTPInsufficientStorage, code=507):
    """There is no room to do this."""


class NetworkAuthenticationRequired(HTTPError, _theirs.HTTPNetworkAuthenticationRequired, code=511):
    """The network wants credentials."""


class Redirection(StatusException):
    """Base of the redirects: the target comes first; it is made safe for every browser."""

    def __init__(
        self, location: str, detail: Any = None, headers: Any = None, **arguments: Any
    ) -> None:
        super().__init__(detail, headers, **arguments)
        self.args = (location, detail)
        self._headerlist.append(make_field("Location", location))

    @classmethod
    def covers(cls, code: int) -> bool:
        """Tell whether a status is of this kind."""
        return 300 <= code < 400 if cls.code is None else cls.code == code

    def link(self, environ: Mapping[str, Any]) -> str | None:
        """Return the Location, for a client that does not follow it by itself."""
        location = self.headers.get("Location")
        return own_path(environ, location) if location else None


class RedirectPermanent(Redirection, _theirs.HTTPMovedPermanently, code=301):
    """The resource has moved for good; clients may turn POST into GET."""


class RedirectTemporary(Redirection, _theirs.HTTPFound, code=302):
    """The resource is elsewhere for now; clients may turn POST into GET."""


class SeeOther(Redirection, _theirs.HTTPSeeOther, code=303):
    """The answer to this request is found there, with GET: for after a POST."""


class NotModified(StatusException, _theirs.HTTPNotModified, code=304):
    """The client holds what it asks for."""


class RedirectKeepMethod(Redirection, _theirs.HTTPTemporaryRedirect, code=307):
    """The resource is elsewhere for now; the method stays."""


class RedirectPermanentKeepMethod(Redirection, _theirs.HTTPPermanentRedirect, code=308):
    """The resource has moved for good; the method stays."""


def abort(status: Any, *args: Any, **kwargs: Any) -> NoReturn:
    """Stop the handler with a status or a Response; the rest as HTTPException takes it.

    >>> abort(409, "Somebody was faster.")
    Traceback (most recent call last):
    ...
    tropea.core.exceptions.Conflict: Somebody was faster.
    """
    raise HTTPException(status, *args, **kwargs)


def redirect(
    location: str, status: int | str = 302, *, permanent: bool = False, **rest: Any
) -> Any:
    """Return a redirect that may be returned or raised.

    status: 301, 302, 303, 307 or 308; True is PoorWSGI's way to say permanent.
    The page's own origin is reduced to a path when it is sent.
    Raises FieldError for a scheme other than http and https, and for another status.

    >>> redirect("/new", 303).headerlist
    [('Location', '/new')]
    """
    code = 301 if permanent or status is True else int(status_line(status)[:3])
    kind = HTTPException.by_code.get(code)
    if kind is None or not issubclass(kind, Redirection):
        raise FieldError(f"not the status of a redirect: {status_line(code)!r}")
    return kind(location, **rest)


def see_other(location: str, **rest: Any) -> Any:
    """Return the redirect for after a POST: the browser fetches *location* with GET.

    >>> see_other("/thanks").status
    '303 See Other'
    """
    return redirect(location, 303, **rest)


def safe_redirect(
    target: str | None,
    allowed_hosts: Iterable[str] = (),
    *,
    default: str = "/",
    status: int = 302,
) -> Any:
    """Redirect to where a client asked to go, if that is here or at one of *allowed_hosts*.

    default: where to go instead.

    >>> safe_redirect("//evil.example").headers["Location"], safe_redirect("/a").headers["Location"]
    ('/', '/a')
    """
    safe = target if target and is_safe_target(target, allowed_hosts) else default
    return redirect(safe, status)


__all__ = [
    name
    for name, value in list(globals().items())
    if isinstance(value, type) and issubclass(value, HTTPException) and name[0] != "_"
] + ["abort", "check_location", "exception_field", "redirect", "safe_redirect", "see_other"]
