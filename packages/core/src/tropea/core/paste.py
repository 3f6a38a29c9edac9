"""Entry points for Paste Deploy, made from a layer's options.

Nothing of Paste is imported here.  Paste tells a factory neither the section it is called for
nor which options it dropped because ``[DEFAULT]`` has the same name; so the ini file, whose name
is in ``global_conf["__file__"]``, is read once more to name the section and to report what was
lost.
"""

from __future__ import annotations

import configparser
import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from wsgiref.types import WSGIApplication

from tropea.core.errors import OptionError
from tropea.core.layer import Layer, LayerFactory
from tropea.core.options import option_names, read_options

FilterFactory = Callable[..., Callable[[WSGIApplication], WSGIApplication]]


def filter_factory(layer_class: type[Layer], name: str = "main") -> FilterFactory:
    """Make the ``paste.filter_factory`` of a layer.

    name: of the entry point, by which the ini's section is found.
    """

    def factory(
        global_conf: Mapping[str, str], /, **local_conf: Any
    ) -> Callable[[WSGIApplication], WSGIApplication]:
        egg = distribution_of(layer_class)
        options = read_section(layer_class.Options, global_conf, local_conf, egg=egg, name=name)
        return SectionLayer(layer_class, options, place_of(global_conf, local_conf, egg, name))

    _document(
        factory,
        layer_class.Options,
        f"Make the filter {layer_class.__name__} of a Paste Deploy section.",
    )
    return factory


def app_factory(
    build: Callable[..., WSGIApplication], options_class: type, *, egg: str, name: str = "main"
) -> Callable[..., WSGIApplication]:
    """Make a ``paste.app_factory`` that calls *build* with an instance of *options_class*."""

    def factory(global_conf: Mapping[str, str], /, **local_conf: Any) -> WSGIApplication:
        options = read_section(options_class, global_conf, local_conf, egg=egg, name=name)
        with naming(place_of(global_conf, local_conf, egg, name)):
            return build(options)

    _document(factory, options_class, inspect.getdoc(build) or "Build an application.")
    return factory


def read_section(
    options_class: type,
    global_conf: Mapping[str, str],
    local_conf: Mapping[str, Any],
    *,
    egg: str,
    name: str = "main",
) -> Any:
    """Read a section's options; raise OptionError naming the section where one is wrong.

    egg: the distribution, as ``use = egg:…`` spells it.
    """
    known = option_names(options_class)
    section, dropped = find_section(global_conf, local_conf, egg=egg, name=name)
    lost = [option for option in dropped if option in known]
    if lost:
        raise OptionError(
            f"[{section}]: Paste Deploy drops {', '.join(map(repr, lost))} because [DEFAULT] has "
            f"an option of that name; rename the one in [DEFAULT]"
        )
    return read_options(
        options_class, (), local_conf, where=place_of(global_conf, local_conf, egg, name)
    )


def place_of(
    global_conf: Mapping[str, str], local_conf: Mapping[str, Any], egg: str, name: str
) -> str:
    """Say where options stand: ``[filter:session]``, else ``egg:tropea-sessions#main``."""
    section, _ = find_section(global_conf, local_conf, egg=egg, name=name)
    return f"[{section}]" if section else f"egg:{egg}#{name}"


@contextmanager
def naming(where: str) -> Iterator[None]:
    """Put *where* before what is said of an option that is only found wrong when it is used."""
    try:
        yield
    except OptionError as error:
        if str(error).startswith(where):
            raise
        raise OptionError(f"{where}: {error}") from error


class SectionLayer(LayerFactory[Layer]):
    """A layer of an ini file, whose errors name their section."""

    __slots__ = ("where",)

    def __init__(self, layer_class: type[Layer], options: Any, where: str) -> None:
        super().__init__(layer_class, (options,), {})
        self.where = where

    def __call__(self, app: WSGIApplication) -> Layer:
        with naming(self.where):
            return super().__call__(app)


def find_section(
    global_conf: Mapping[str, str], local_conf: Mapping[str, Any], *, egg: str, name: str
) -> tuple[str, tuple[str, ...]]:
    """Find the section that Paste is reading: its name, and the options that Paste dropped.

    Several sections may use one entry point; the one whose options were passed is taken.  One
    factory may have several names: where no section says *name*, another of the distribution's
    will do.  An empty name means that no ini file tells.
    """
    parser = configparser.RawConfigParser(
        default_section="\0none", delimiters=("=", ":"), strict=False
    )
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        with open(global_conf.get("__file__", ""), encoding="utf-8") as file:  # noqa: PTH123
            parser.read_file(file)
    except (OSError, configparser.Error, UnicodeDecodeError):
        return "", ()
    defaults = set(parser["DEFAULT"]) if parser.has_section("DEFAULT") else set()
    spellings = {f"egg:{egg}#{name}"} | ({f"egg:{egg}"} if name == "main" else set())
    best: tuple[tuple[bool, int], str, tuple[str, ...]] = ((False, -1), "", ())
    for section in parser.sections():
        values = parser[section]
        use = values.get("use", "").replace(" ", "").replace("_", "-")
        if use.partition("#")[0] != f"egg:{egg}":
            continue
        own = {key for key in values if key != "use" and not key.startswith(("set ", "get "))}
        if own - defaults <= set(local_conf):
            rank = (use in spellings, len(own & set(local_conf)))
            if rank > best[0]:
                best = (rank, section, tuple(sorted(own & defaults)))
    return best[1], best[2]


def distribution_of(layer_class: type) -> str:
    """Name the distribution of a class of the family: ``tropea-sessions`` of tropea.sessions."""
    return "-".join(layer_class.__module__.split(".")[:2])


def _document(factory: Any, options_class: type, text: str) -> None:
    """Give *factory* the signature that its options have, for people and for tools."""
    keywords = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for parameter in inspect.signature(options_class).parameters.values()
    ]
    first = inspect.Parameter("global_conf", inspect.Parameter.POSITIONAL_ONLY)
    factory.__signature__ = inspect.Signature([first, *keywords])
    factory.__doc__ = text
