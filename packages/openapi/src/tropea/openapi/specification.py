"""Read a description: a dictionary, a file or a resource of a package, in JSON or YAML.

openapi-core 0.23 checks a 3.2 description and its schemas, and nothing else that 3.2 adds; the
method QUERY, ``additionalOperations``, ``in: querystring``, ``itemSchema``, ``style: cookie``,
``$self``, media types by reference and security schemes by address are read here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import urldefrag, urljoin

from tropea.openapi.errors import SpecificationError
from tropea.openapi.patterns import check_patterns

_VERSION = re.compile(r"(3\.[012])(?:\.[0-9]+)?(?:-.*)?").fullmatch
_RESOURCE = re.compile(r"[A-Za-z_][\w.]*:[\w./-]+").fullmatch
#: Between the parts of a SchemaPath; no name in a description can have it, as some have "#".
_SEPARATOR = "\n"
#: ``query`` and ``additionalOperations`` are new in 3.2.
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")


class Specification:
    """A description that was found good.

    document: the description as plain data.  version: "3.0", "3.1" or "3.2".
    root: the same as openapi-core's SchemaPath, which follows references.

    >>> found = Specification({"openapi": "3.1.0", "info": {"title": "t", "version": "1"},
    ...                        "paths": {}})
    >>> found.version, found.title
    ('3.1', 't')
    """

    def __init__(self, source: Any, *, check: bool = True) -> None:
        self.document, base = load(source)
        self.version = _version_of(self.document)
        if "$self" in self.document:
            _come_home(self.document, urldefrag(str(self.document["$self"]))[0])
        self.root = _path(self.document, base, separator=_SEPARATOR)
        if check:
            check_patterns(self.document)
            _check(_path(self.document, base), self.version)

    @property
    def title(self) -> str:
        return str(self.document.get("info", {}).get("title", "API"))


def _come_home(part: Any, own: str) -> None:
    """Make references to the description's own address (3.2: ``$self``) ones into itself.

    Nothing is ever fetched from that address.
    """
    if isinstance(part, list):
        for item in part:
            _come_home(item, own)
    if isinstance(part, dict):
        reference = part.get("$ref")
        if isinstance(reference, str) and not reference.startswith("#"):
            address, fragment = urldefrag(urljoin(own, reference))
            if address == own:
                part["$ref"] = f"#{fragment}"
        for item in part.values():
            _come_home(item, own)


def operations_of(item: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the methods of a path, with the keys under which their operations are.

    >>> list(operations_of({"get": {}, "additionalOperations": {"COPY": {}}}))
    [('GET', ('get',)), ('COPY', ('additionalOperations', 'COPY'))]
    """
    for method in METHODS:
        if method in item:
            yield method.upper(), (method,)
    for method in item.get("additionalOperations", ()):
        yield method, ("additionalOperations", method)


def load(source: Any) -> tuple[dict[str, Any], str]:
    """Return the document that *source* is or names, and the address that it has.

    source: a mapping, a function that returns one, a path, or ``package.module:file`` for a
        resource of a package.
    Raises SpecificationError where there is none, or none that can be read.
    """
    if callable(source):
        source = source()
    if isinstance(source, Mapping):
        # One pass through JSON: a copy that nobody changes, with text for keys.
        return _parse(json.dumps(source, default=str), "the dictionary", yaml=False), ""
    text, name, base = _text_of(str(source))
    return _parse(text, name, yaml=name.endswith((".yaml", ".yml"))), base


def _text_of(source: str) -> tuple[str, str, str]:
    path = Path(source)
    try:
        if _RESOURCE(source) and not path.exists():
            package, _, name = source.partition(":")
            return resources.files(package).joinpath(name).read_text("utf-8"), source, ""
        return path.read_text("utf-8"), source, path.resolve().as_uri()
    except (OSError, ImportError, UnicodeDecodeError) as error:
        raise SpecificationError(f"cannot read the description {source!r}: {error}") from None


def _parse(text: str, name: str, *, yaml: bool) -> dict[str, Any]:
    try:
        document = _load_yaml(text) if yaml else json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SpecificationError(f"{name}: {error}") from None
    if not isinstance(document, dict):
        raise SpecificationError(f"{name}: a description is an object")
    return document


def _load_yaml(text: str) -> Any:
    try:
        import yaml  # type: ignore[import-untyped]  # an extra
    except ImportError:
        raise SpecificationError("a description in YAML needs PyYAML") from None
    try:
        return json.loads(json.dumps(yaml.safe_load(text), default=str))
    except yaml.YAMLError as error:
        raise SpecificationError(str(error)) from None


def _version_of(document: Mapping[str, Any]) -> str:
    match = _VERSION(str(document.get("openapi", "")))
    if match is None:
        given = document.get("openapi", document.get("swagger"))
        raise SpecificationError(f"expected openapi 3.0, 3.1 or 3.2, got {given!r}")
    return match[1]


def _path(document: dict[str, Any], base: str, **options: Any) -> Any:
    """Make a path that follows references within *document* and to files, and nowhere else.

    A server that starts must not hang on, nor believe, what another one sends.
    """
    from jsonschema_path import SchemaPath
    from jsonschema_path.handlers import default_handlers

    handlers: dict[str, Any] = dict.fromkeys(default_handlers, _refuse)
    handlers["file"] = default_handlers["file"]
    return SchemaPath.from_dict(document, base_uri=base, handlers=handlers, **options)


def _refuse(address: str) -> Any:
    raise SpecificationError(f"{address} is not fetched: keep a copy beside the description")


def _check(root: Any, version: str) -> None:
    import openapi_spec_validator as checkers

    checker = getattr(checkers, f"OpenAPIV{version.replace('.', '')}SpecValidator", None)
    if checker is None:
        raise SpecificationError("OpenAPI 3.2 needs openapi-core 0.23")
    try:
        error = next(iter(checker(root).iter_errors()), None)
    except Exception as failure:  # a reference into nowhere, of whatever kind the resolver raises
        reason: BaseException = failure
        while reason.__cause__ is not None:
            reason = reason.__cause__
        raise SpecificationError(f"the description cannot be resolved: {reason}") from None
    if error is not None:
        place = "/".join(map(str, getattr(error, "absolute_path", ())))
        message = str(error.message).splitlines()[0][:300]
        raise SpecificationError(f"the description is not OpenAPI {version}: {place}: {message}")
