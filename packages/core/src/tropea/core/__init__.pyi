# Written by tools/stubs.py from _EXPORTS in __init__.py.
from tropea.core.capturing import Captured
from tropea.core.capturing import capture
from tropea.core.cgi import run_with_cgi
from tropea.core.closing import ClosingIterator
from tropea.core.coercion import HandlerResultError
from tropea.core.context import NoRegistry
from tropea.core.context import RegistryMiddleware
from tropea.core.context import currentrequest
from tropea.core.context import registry
from tropea.core.cookies import Cookie
from tropea.core.cookies import CookieError
from tropea.core.cookies import expire_cookie
from tropea.core.cookies import parse_cookie_header
from tropea.core.disposition import content_disposition
from tropea.core.entitytags import EntityTag
from tropea.core.environment import get_options
from tropea.core.environment import options_from_environment
from tropea.core.environment import poor_options
from tropea.core.errors import OptionError
from tropea.core.errors import TropeaError
from tropea.core.exceptions import BadGateway
from tropea.core.exceptions import BadRequest
from tropea.core.exceptions import Conflict
from tropea.core.exceptions import ExpectationFailed
from tropea.core.exceptions import FailedDependency
from tropea.core.exceptions import Forbidden
from tropea.core.exceptions import GatewayTimeout
from tropea.core.exceptions import Gone
from tropea.core.exceptions import HTTPNotImplemented
from tropea.core.exceptions import HTTPVersionNotSupported
from tropea.core.exceptions import InsufficientStorage
from tropea.core.exceptions import InternalServerError
from tropea.core.exceptions import LengthRequired
from tropea.core.exceptions import Locked
from tropea.core.exceptions import MethodNotAllowed
from tropea.core.exceptions import MisdirectedRequest
from tropea.core.exceptions import NetworkAuthenticationRequired
from tropea.core.exceptions import NotAcceptable
from tropea.core.exceptions import NotFound
from tropea.core.exceptions import NotModified
from tropea.core.exceptions import PaymentRequired
from tropea.core.exceptions import PreconditionFailed
from tropea.core.exceptions import PreconditionRequired
from tropea.core.exceptions import ProxyAuthenticationRequired
from tropea.core.exceptions import RangeNotSatisfiable
from tropea.core.exceptions import RedirectKeepMethod
from tropea.core.exceptions import RedirectPermanent
from tropea.core.exceptions import RedirectPermanentKeepMethod
from tropea.core.exceptions import RedirectTemporary
from tropea.core.exceptions import Redirection
from tropea.core.exceptions import RequestEntityTooLarge
from tropea.core.exceptions import RequestHeaderFieldsTooLarge
from tropea.core.exceptions import RequestTimeout
from tropea.core.exceptions import RequestURITooLong
from tropea.core.exceptions import SeeOther
from tropea.core.exceptions import ServiceUnavailable
from tropea.core.exceptions import TooEarly
from tropea.core.exceptions import TooManyRequests
from tropea.core.exceptions import Unauthorized
from tropea.core.exceptions import UnavailableForLegalReasons
from tropea.core.exceptions import UnprocessableEntity
from tropea.core.exceptions import UnsupportedMediaType
from tropea.core.exceptions import UpgradeRequired
from tropea.core.exceptions import abort
from tropea.core.exceptions import redirect
from tropea.core.exceptions import safe_redirect
from tropea.core.exceptions import see_other
from tropea.core.fields import FieldError
from tropea.core.files import FileObjResponse
from tropea.core.files import FileResponse
from tropea.core.forms import FieldStorageParser
from tropea.core.handlers import to_wsgi
from tropea.core.inputs import LimitedInput
from tropea.core.jsonvalues import JsonDict
from tropea.core.jsonvalues import JsonList
from tropea.core.layer import Layer
from tropea.core.mount import MountedApps
from tropea.core.mount import mount_app
from tropea.core.mount import overlay
from tropea.core.mount import use_redirect_url
from tropea.core.multidict import MultiDict
from tropea.core.partial import PartialResponse
from tropea.core.partial import make_partial
from tropea.core.partial import make_range
from tropea.core.partial import parse_range
from tropea.core.provided import session
from tropea.core.proxies import ProxyMiddleware
from tropea.core.proxies import use_x_forwarded
from tropea.core.query import Args
from tropea.core.raising import HTTPError
from tropea.core.raising import HTTPException
from tropea.core.raising import StatusException
from tropea.core.ranges import content_range
from tropea.core.request import BodyConsumed
from tropea.core.request import Request
from tropea.core.request_args import RequestArgsConversionError
from tropea.core.request_args import RequestArgsError
from tropea.core.request_args import RequestArgsKeyError
from tropea.core.request_args import with_request_args
from tropea.core.request_options import RequestOptions
from tropea.core.request_options import RequestOptionsMiddleware
from tropea.core.response import Response
from tropea.core.responses import JSONResponse
from tropea.core.responses import NoContentResponse
from tropea.core.responses import NotModifiedResponse
from tropea.core.responses import RedirectResponse
from tropea.core.responses import TextResponse
from tropea.core.responses import http_to_time
from tropea.core.responses import make_response
from tropea.core.responses import time_to_http
from tropea.core.stack import Stack
from tropea.core.stack import pipeline
from tropea.core.stores import Breaker
from tropea.core.stores import StoreBusy
from tropea.core.stores import StoreError
from tropea.core.streams import GeneratorResponse
from tropea.core.streams import JSONGeneratorResponse
from tropea.core.streams import NDJSONResponse
from tropea.core.streams import StrGeneratorResponse
from tropea.core.uploads import FileUpload
from tropea.core.uploads import safe_filename
from tropea.core.uris import make_absolute_url
from tropea.core.uris import make_query
from tropea.core.uris import make_uri_component
from tropea.core.uris import normpath
from tropea.core.uris import uri_join

__all__ = [
    "Args",
    "BadGateway",
    "BadRequest",
    "BodyConsumed",
    "Breaker",
    "Captured",
    "ClosingIterator",
    "Conflict",
    "Cookie",
    "CookieError",
    "EntityTag",
    "ExpectationFailed",
    "FailedDependency",
    "FieldError",
    "FieldStorageParser",
    "FileObjResponse",
    "FileResponse",
    "FileUpload",
    "Forbidden",
    "GatewayTimeout",
    "GeneratorResponse",
    "Gone",
    "HTTPError",
    "HTTPException",
    "HTTPNotImplemented",
    "HTTPVersionNotSupported",
    "HandlerResultError",
    "InsufficientStorage",
    "InternalServerError",
    "JSONGeneratorResponse",
    "JSONResponse",
    "JsonDict",
    "JsonList",
    "Layer",
    "LengthRequired",
    "LimitedInput",
    "Locked",
    "MethodNotAllowed",
    "MisdirectedRequest",
    "MountedApps",
    "MultiDict",
    "NDJSONResponse",
    "NetworkAuthenticationRequired",
    "NoContentResponse",
    "NoRegistry",
    "NotAcceptable",
    "NotFound",
    "NotModified",
    "NotModifiedResponse",
    "OptionError",
    "PartialResponse",
    "PaymentRequired",
    "PreconditionFailed",
    "PreconditionRequired",
    "ProxyAuthenticationRequired",
    "ProxyMiddleware",
    "RangeNotSatisfiable",
    "RedirectKeepMethod",
    "RedirectPermanent",
    "RedirectPermanentKeepMethod",
    "RedirectResponse",
    "RedirectTemporary",
    "Redirection",
    "RegistryMiddleware",
    "Request",
    "RequestArgsConversionError",
    "RequestArgsError",
    "RequestArgsKeyError",
    "RequestEntityTooLarge",
    "RequestHeaderFieldsTooLarge",
    "RequestOptions",
    "RequestOptionsMiddleware",
    "RequestTimeout",
    "RequestURITooLong",
    "Response",
    "SeeOther",
    "ServiceUnavailable",
    "Stack",
    "StatusException",
    "StoreBusy",
    "StoreError",
    "StrGeneratorResponse",
    "TextResponse",
    "TooEarly",
    "TooManyRequests",
    "TropeaError",
    "Unauthorized",
    "UnavailableForLegalReasons",
    "UnprocessableEntity",
    "UnsupportedMediaType",
    "UpgradeRequired",
    "abort",
    "capture",
    "content_disposition",
    "content_range",
    "currentrequest",
    "expire_cookie",
    "get_options",
    "http_to_time",
    "make_absolute_url",
    "make_partial",
    "make_query",
    "make_range",
    "make_response",
    "make_uri_component",
    "mount_app",
    "normpath",
    "options_from_environment",
    "overlay",
    "parse_cookie_header",
    "parse_range",
    "pipeline",
    "poor_options",
    "redirect",
    "registry",
    "run_with_cgi",
    "safe_filename",
    "safe_redirect",
    "see_other",
    "session",
    "time_to_http",
    "to_wsgi",
    "uri_join",
    "use_redirect_url",
    "use_x_forwarded",
    "with_request_args",
]
