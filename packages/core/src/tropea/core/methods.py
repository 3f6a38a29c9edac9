"""Request methods as bits, so that a set of methods is one number."""

from __future__ import annotations

from typing import Final

METHOD_HEAD: Final = 1
METHOD_GET: Final = 2
METHOD_POST: Final = 4
METHOD_PUT: Final = 8
METHOD_DELETE: Final = 16
METHOD_TRACE: Final = 32
METHOD_OPTIONS: Final = 64
METHOD_CONNECT: Final = 128
METHOD_PATCH: Final = 256
METHOD_GET_POST: Final = METHOD_HEAD | METHOD_GET | METHOD_POST
METHOD_ALL: Final = 511

#: The number of each method's name.
METHOD_NUMBERS: Final = {
    "HEAD": METHOD_HEAD,
    "GET": METHOD_GET,
    "POST": METHOD_POST,
    "PUT": METHOD_PUT,
    "DELETE": METHOD_DELETE,
    "TRACE": METHOD_TRACE,
    "OPTIONS": METHOD_OPTIONS,
    "CONNECT": METHOD_CONNECT,
    "PATCH": METHOD_PATCH,
}
