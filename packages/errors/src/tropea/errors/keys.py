"""The environ keys of this package."""

from typing import Final

REQUEST_ID: Final = "tropea.errors.request_id"  #: made when an error is reported
ORIGINAL: Final = "tropea.errors.original"  #: the request and answer that an error page is for
