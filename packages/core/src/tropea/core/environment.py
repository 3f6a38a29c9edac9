"""Configuration from environment variables, by prefix.

A server passes them with each request (``uwsgi``'s ``env``, ``fcgi_param``), or the process has
them; either mapping can be read.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tropea.core.errors import OptionError
from tropea.core.options import option_names, read_options

T = TypeVar("T")


def get_options(environ: Mapping[str, Any] | None = None, prefix: str = "app_") -> dict[str, str]:
    """Return the variables whose names start with *prefix*, without it.

    environ: a WSGI environ or another mapping; the process's environment when None.

    >>> get_options({"app_db_file": "my.db", "app_templ": "templ", "PATH": "/bin"})
    {'db_file': 'my.db', 'templ': 'templ'}
    """
    source = os.environ if environ is None else environ
    return {
        name[len(prefix) :]: value
        for name, value in source.items()
        if name.startswith(prefix) and len(name) > len(prefix) and isinstance(value, str)
    }


def options_from_environment(
    cls: type[T], prefix: str, environ: Mapping[str, Any] | None = None
) -> T:
    """Build a dataclass of options from the variables that start with *prefix*.

    The rest of a variable's name, in lower case, is the option's.  Raises OptionError for an
    unknown name or an unreadable value.

    >>> from tropea.core import RequestOptions
    >>> options_from_environment(RequestOptions, "TROPEA_", {"TROPEA_MAX_BODY": "1M"}).max_body
    1048576
    """
    given = {name.lower(): value for name, value in get_options(environ, prefix).items()}
    return read_options(cls, (), given, where=f"environment variables {prefix}…")


#: Variables that said what to parse before routing: nothing is, so they have nothing to say.
_PARSED_WHEN_ASKED_FOR = ("autoargs", "autoform", "autojson", "autocookies")


@dataclass(frozen=True)
class PoorOptions:
    """What the ``poor_`` variables of PoorWSGI say.

    debug: whether error pages may show the program; secret_key: for signing; document_root:
    files served besides the handlers; document_index: whether folders are listed.
    keep_blank_values, strict_parsing: as in RequestOptions.
    """

    debug: bool = False
    secret_key: str | None = None
    document_root: Path | None = None
    document_index: bool = False
    keep_blank_values: bool = True
    strict_parsing: bool = False


def poor_options(environ: Mapping[str, Any] | None = None) -> PoorOptions:
    """Read ``poor_Debug``, ``poor_SecretKey``, ``poor_DocumentRoot`` and their like.

    Raises OptionError for a value that cannot be read, and for a variable that is not understood:
    one that is ignored in silence is a setting that somebody believes in.

    >>> poor_options({"poor_Debug": "On", "poor_DocumentRoot": "/srv/www"})
    PoorOptions(debug=True, secret_key=None, document_root=PosixPath('/srv/www'), ...)
    """
    names: dict[str, str | None] = {
        name.replace("_", ""): name for name in option_names(PoorOptions)
    }
    names |= dict.fromkeys(_PARSED_WHEN_ASKED_FOR)
    given: dict[str, str] = {}
    for name, value in get_options(environ, "poor_").items():
        if name.lower() not in names:
            raise OptionError(
                f"poor_{name}: no such variable; there are {', '.join(sorted(names))}"
            )
        option = names[name.lower()]
        if option is not None:
            given[option] = value
    return read_options(PoorOptions, (), given, where="environment variables poor_…")
