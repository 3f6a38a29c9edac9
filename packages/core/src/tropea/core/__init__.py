"""Requests, responses and the tools of WSGI that every Tropea layer shares.

Names are imported when they are first asked for (PEP 562): a layer that needs ``Layer`` alone does
not pay for webob.  No module has the name of something public: importing a module sets an attribute
of its package, which would hide the thing behind it.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

#: Public name -> the module that has it.
_EXPORTS = {
    "Args": "query",
    "BadGateway": "exceptions",
    "BadRequest": "exceptions",
    "BodyConsumed": "request",
    "Breaker": "stores",
    "Captured": "capturing",
    "ClosingIterator": "closing",
    "Conflict": "exceptions",
    "Cookie": "cookies",
    "CookieError": "cookies",
    "EntityTag": "entitytags",
    "ExpectationFailed": "exceptions",
    "FailedDependency": "exceptions",
    "FieldError": "fields",
    "FieldStorageParser": "forms",
    "FileObjResponse": "files",
    "FileResponse": "files",
    "FileUpload": "uploads",
    "Forbidden": "exceptions",
    "GatewayTimeout": "exceptions",
    "GeneratorResponse": "streams",
    "Gone": "exceptions",
    "HTTPError": "exceptions",
    "HTTPException": "exceptions",
    "HTTPNotImplemented": "exceptions",
    "HTTPVersionNotSupported": "exceptions",
    "HandlerResultError": "coercion",
    "InsufficientStorage": "exceptions",
    "InternalServerError": "exceptions",
    "JSONGeneratorResponse": "streams",
    "JSONResponse": "responses",
    "JsonDict": "jsonvalues",
    "JsonList": "jsonvalues",
    "Layer": "layer",
    "LengthRequired": "exceptions",
    "LimitedInput": "inputs",
    "Locked": "exceptions",
    "MethodNotAllowed": "exceptions",
    "MisdirectedRequest": "exceptions",
    "MultiDict": "multidict",
    "NDJSONResponse": "streams",
    "NetworkAuthenticationRequired": "exceptions",
    "NoContentResponse": "responses",
    "NoRegistry": "context",
    "NotAcceptable": "exceptions",
    "NotFound": "exceptions",
    "NotModified": "exceptions",
    "NotModifiedResponse": "responses",
    "OptionError": "errors",
    "PartialResponse": "partial",
    "PaymentRequired": "exceptions",
    "PreconditionFailed": "exceptions",
    "PreconditionRequired": "exceptions",
    "ProxyAuthenticationRequired": "exceptions",
    "RangeNotSatisfiable": "exceptions",
    "RedirectKeepMethod": "exceptions",
    "RedirectPermanent": "exceptions",
    "RedirectPermanentKeepMethod": "exceptions",
    "RedirectResponse": "responses",
    "RedirectTemporary": "exceptions",
    "Redirection": "exceptions",
    "RegistryMiddleware": "context",
    "Request": "request",
    "RequestArgsConversionError": "request_args",
    "RequestArgsError": "request_args",
    "RequestArgsKeyError": "request_args",
    "RequestEntityTooLarge": "exceptions",
    "RequestHeaderFieldsTooLarge": "exceptions",
    "RequestOptions": "request_options",
    "RequestOptionsMiddleware": "request_options",
    "RequestTimeout": "exceptions",
    "RequestURITooLong": "exceptions",
    "Response": "response",
    "SeeOther": "exceptions",
    "ServiceUnavailable": "exceptions",
    "Stack": "stack",
    "StatusException": "exceptions",
    "StoreBusy": "stores",
    "StoreError": "stores",
    "StrGeneratorResponse": "streams",
    "TextResponse": "responses",
    "TooEarly": "exceptions",
    "TooManyRequests": "exceptions",
    "TropeaError": "errors",
    "Unauthorized": "exceptions",
    "UnavailableForLegalReasons": "exceptions",
    "UnprocessableEntity": "exceptions",
    "UnsupportedMediaType": "exceptions",
    "UpgradeRequired": "exceptions",
    "abort": "exceptions",
    "capture": "capturing",
    "content_disposition": "disposition",
    "content_range": "ranges",
    "currentrequest": "context",
    "expire_cookie": "cookies",
    "http_to_time": "responses",
    "make_absolute_url": "uris",
    "make_partial": "partial",
    "make_query": "uris",
    "make_range": "partial",
    "make_response": "responses",
    "make_uri_component": "uris",
    "normpath": "uris",
    "parse_cookie_header": "cookies",
    "parse_range": "partial",
    "pipeline": "stack",
    "redirect": "exceptions",
    "registry": "context",
    "safe_filename": "uploads",
    "safe_redirect": "exceptions",
    "see_other": "exceptions",
    "session": "provided",
    "time_to_http": "responses",
    "to_wsgi": "handlers",
    "uri_join": "uris",
    "with_request_args": "request_args",
}

__all__ = sorted(_EXPORTS)  # noqa: PLE0605  one table serves both


def __getattr__(name: str) -> Any:
    module = _EXPORTS.get(name)
    if module is None:
        raise AttributeError(f"module 'tropea.core' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"tropea.core.{module}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_EXPORTS})
