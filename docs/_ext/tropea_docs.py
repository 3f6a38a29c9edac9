"""What the documentation takes from the code: options, order, citations, the picture, the API."""

from __future__ import annotations

import ast
import inspect
import re
from dataclasses import MISSING, fields
from enum import Enum
from functools import cache
from importlib import import_module
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import Directive, directives
from docutils.statemachine import StringList

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = (
    "core", "dispatch", "sessions", "caching", "rewrite", "static", "errors", "auth", "openapi",
    "inspector", "cli",
)  # fmt: skip


# -- tables of options ---------------------------------------------------------------------------


def meanings(cls):
    """Read "name: text" and "name, name: text" out of the docstring of a class of options."""
    names = {option.name for option in fields(cls)}
    heads = re.compile(r"(?:^ *|(?<=[.])  |(?<=, ))([a-z_]+(?:, [a-z_]+)*): ?", re.M)
    text = inspect.cleandoc(cls.__doc__ or "")
    found, marks = {}, []
    for match in heads.finditer(text):
        named = match[1].split(", ")
        if set(named) <= names:
            marks.append((match.start(), match.end(), named))
    for place, (_, end, named) in enumerate(marks):
        stop = marks[place + 1][0] if place + 1 < len(marks) else len(text)
        body = text[end:stop]
        lines = body.split("\n")
        kept = [lines[0]]
        for line in lines[1:]:
            if line.strip() and not line.startswith("  "):
                break  # prose after the list
            kept.append(line.strip())
        said = " ".join(" ".join(kept).split())
        for name in named:
            found[name] = said
    return found


def reader_words(cls):
    """Return what each option takes, in the words of its reader."""
    from tropea.core import options

    return {name: reader.expects for name, (_, reader) in options._declared(cls).items()}


def unit_of(option, expects, meaning):
    """Tell bytes and seconds by the option's reader, or by what is said of it."""
    if not re.search(r"number|size|time", expects):
        return ""
    if "size" in expects or re.match(r"bytes\b|of the body as|of one text field", meaning):
        return "bytes"
    if "time such" in expects or "seconds" in f"{option.name} {meaning}" or "5m" in expects:
        return "seconds"
    return ""


def shown_default(option, unit):
    if option.default is MISSING and option.default_factory is MISSING:
        return "required"
    value = option.default if option.default is not MISSING else option.default_factory()
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, (int, float)) and value and unit == "bytes":
        for power, name in ((30, "GiB"), (20, "MiB"), (10, "KiB")):
            if value % (1 << power) == 0:
                return f"{value} ({value >> power} {name})"
        return f"{value} bytes"
    if isinstance(value, (int, float)) and value and unit == "seconds":
        for length, name in ((86400, "days"), (3600, "hours"), (60, "min")):
            if value % length == 0:
                count = value / length
                return f"{value:g} ({count:g} {name.rstrip('s') if count == 1 else name})"
        return f"{value:g} s"
    if isinstance(value, Enum):
        return repr(value.value)
    if callable(value):
        return f"{getattr(value, '__module__', '')}.{getattr(value, '__name__', 'a function')}".lstrip(".")
    if isinstance(value, tuple) and value and all(isinstance(v, str) for v in value):
        return " ".join(value)
    return repr(value) if not isinstance(value, str) or not value else value


#: Options that are explained at another class, which has them too.
FURTHER = {"tropea.sessions.options.SessionOptions": "tropea.sessions.cookies.CookieRules"}
#: What options mean that have the same meaning everywhere.
GENERAL = {
    "clock": "seconds since the epoch, for tests.",
    "environ_key": "the key of the environ that is used, for a stack that holds two.",
}


def option_rows(cls):
    """List (name, default, what it takes, meaning) of every option, as the code has them."""
    said, words = meanings(cls), reader_words(cls)
    if f"{cls.__module__}.{cls.__name__}" in FURTHER:
        more = meanings(found(FURTHER[f"{cls.__module__}.{cls.__name__}"]))
        said.update({name: f"of the cookie: {text}" for name, text in more.items()})
        said = {name: text.replace(", see ``CookieRules``", "") for name, text in said.items()}
    for option in fields(cls):
        if not option.init:
            continue
        meaning, expects = said.get(option.name, ""), words[option.name]
        unit = unit_of(option, expects, meaning)
        takes = expects if not unit or unit in expects else f"{expects} ({unit})"
        meaning = meaning or GENERAL.get(option.name, "")
        if not meaning and len(fields(cls)) == 1:
            meaning = " ".join((cls.__doc__ or "").split())
        yield option.name, shown_default(option, unit), takes, meaning


def literals(text):
    """Make inline nodes of text with ``literals`` in it."""
    made = []
    for number, part in enumerate(re.split(r"``(.+?)``", text)):
        if part:
            made.append(nodes.literal(part, part) if number % 2 else nodes.Text(part))
    return made


def paragraph(*children):
    made = nodes.paragraph()
    for child in children:
        made += literals(child) if isinstance(child, str) else child
    return made


def table(heads, rows, widths, kind=""):
    made = nodes.table(classes=[kind] if kind else [])
    group = nodes.tgroup(cols=len(heads))
    made += group
    for width in widths:
        group += nodes.colspec(colwidth=width)
    head, body = nodes.thead(), nodes.tbody()
    group += [head, body]
    for target, cells_of in ((head, [heads]), (body, rows)):
        for cells in cells_of:
            row = nodes.row()
            for cell in cells:
                entry = nodes.entry()
                entry += cell if isinstance(cell, nodes.Node) else paragraph(cell)
                row += entry
            target += row
    return made


def found(dotted):
    module, _, name = dotted.rpartition(".")
    return getattr(import_module(module), name)


class OptionsTable(Directive):
    """``tropea-options:: tropea.sessions.SessionMiddleware``: its options as the code has them."""

    required_arguments = 1

    def run(self):
        layer = found(self.arguments[0])
        cls = layer if isinstance(layer, type) and hasattr(layer, "__dataclass_fields__") else layer.Options
        rows = []
        for name, default, takes, meaning in option_rows(cls):
            cell = paragraph(meaning or "") if meaning else paragraph()
            if meaning:
                cell += nodes.Text(" ")
            cell += nodes.emphasis("", f"Takes {takes}.")
            rows.append((paragraph(nodes.literal(name, name)), paragraph(nodes.literal(default, default)), cell))
        return [table(("option", "default", "meaning"), rows, (18, 22, 60), "options")]


class PackageOptions(Directive):
    """``tropea-package-options:: sessions``: one table for each layer of a package."""

    required_arguments = 1

    def run(self):
        made = []
        for name, layer in layers_of(self.arguments[0]):
            caption = nodes.rubric("", "")
            caption += nodes.literal(name, name)
            made.append(caption)
            summary = (inspect.getdoc(layer) or "").split("\n\n")[0].replace("\n", " ")
            made.append(paragraph(summary))
            if any(option.init for option in fields(layer.Options)):
                self.arguments = [f"{layer.__module__}.{name}"]
                made += OptionsTable.run(self)
            else:
                made.append(paragraph("It has no options."))
        return made


def layers_of(package):
    """Find the layers that a package exports, by name."""
    from tropea.core.layer import Layer

    module = import_module(f"tropea.{package}")
    for name in getattr(module, "__all__", ()):
        thing = getattr(module, name)
        if isinstance(thing, type) and issubclass(thing, Layer) and thing is not Layer:
            if thing.__name__ == name:
                yield name, thing


class EntryPoints(Directive):
    """``tropea-entry-points:: sessions``: what an ini file can ``use``."""

    required_arguments = 1

    def run(self):
        rows = [
            (paragraph(nodes.literal("", use)), group.removeprefix("paste.").replace("_", " "))
            for use, group in uses_of(self.arguments[0])
        ]
        if not rows:
            return [paragraph("It has no entry points of Paste Deploy.")]
        return [table(("use =", "as"), rows, (60, 40))]


def uses_of(package):
    """List (what ``use =`` says, the group) for the entry points of a package's pyproject.toml."""
    import tomllib

    project = tomllib.loads((ROOT / "packages" / package / "pyproject.toml").read_text())["project"]
    for group, names in project.get("entry-points", {}).items():
        if group.startswith("paste."):
            for name in names:
                yield f"egg:tropea-{package}" + ("" if name == "main" else f"#{name}"), group


# -- the order of the layers ---------------------------------------------------------------------


class OrderTable(Directive):
    """The reasons of the recommended order, as ``tropea check`` gives them."""

    def run(self):
        from tropea.core.ordering import REASONS

        rows = [(outer, inner, why) for (outer, inner), why in REASONS.items()]
        return [table(("outside", "inside", "because …"), rows, (15, 15, 70))]


class Onion(Directive):
    """The picture of the onion, drawn by the project's own command; ``whole`` draws all layers."""

    option_spec = {"caption": directives.unchanged, "whole": directives.flag}

    def run(self):
        from tropea.cli.drawing import as_svg
        from tropea.core.anatomy import chain_of

        chain = chain_of(whole_onion())
        if "whole" not in self.options:
            chain = [node for node in chain if getattr(type(node.app), "kind", "") not in LEFT_OUT]
        svg = as_svg(chain)
        svg = re.sub(r'width="[\d.]+" height="[\d.]+" ', "", svg, count=1)
        svg = re.sub(r"(?<=>)(\w+?)Middleware(?=</text>)", r"\1", svg)  # a ring is narrow
        svg = svg.replace(">your_app<", ">your app<")
        caption = self.options.get("caption", "")
        if caption:
            caption = f"<figcaption>{caption}</figcaption>"
        return [nodes.raw("", f'<figure class="onion">{svg}{caption}</figure>', format="html")]


#: Kinds that the small picture leaves out.
LEFT_OUT = ("proxy", "registry", "status", "dispatch")


def whole_onion():
    """Put every layer where it is recommended to stand, around one application."""
    import tempfile

    from tropea.auth import BasicAuthMiddleware
    from tropea.caching import HTTPCacheMiddleware, etag_middleware
    from tropea.core import ProxyMiddleware, RegistryMiddleware, pipeline
    from tropea.dispatch import RoutesMiddleware, urldispatcher
    from tropea.errors import ErrorMiddleware, StatusRedirectMiddleware
    from tropea.rewrite import urlrewriter
    from tropea.sessions import SessionMiddleware
    from tropea.static import StaticMiddleware

    def your_app(environ, start_response): ...

    your_app.__module__ = your_app.__qualname__ = "your_app"
    with tempfile.TemporaryDirectory() as folder:
        static = StaticMiddleware.layer(root=folder)
        return pipeline(
            ProxyMiddleware.layer(),
            RegistryMiddleware.layer(),
            StatusRedirectMiddleware.layer(),
            ErrorMiddleware.layer(),
            urlrewriter(),
            static,
            HTTPCacheMiddleware.layer(),
            etag_middleware(),
            SessionMiddleware.layer("memory:"),
            BasicAuthMiddleware.layer("Kitchen", lambda user, password: None),
            RoutesMiddleware.layer(dispatcher=urldispatcher()),
            your_app,
        )


# -- what RFCs are cited where -------------------------------------------------------------------

_CITED = re.compile(r"(?<![\w-])RFC[ -]?(\d{4})\b(?:\s*,?\s*(?:sections?|§)\s*([\d.]+\d|\d))?", re.I)

TITLES = {
    "1918": "private addresses", "6570": "URI templates",
    "2046": "MIME: media types, multipart", "2069": "Digest Access Authentication, first form",
    "3629": "UTF-8", "3875": "CGI/1.1", "3986": "URI: generic syntax", "5789": "PATCH",
    "5861": "stale-while-revalidate, stale-if-error", "6265": "cookies",
    "6266": "Content-Disposition", "6454": "the web origin", "6455": "WebSocket: the opening handshake",
    "6585": "428, 429, 431, 511", "6750": "bearer tokens", "6838": "media type registration",
    "7239": "Forwarded", "7578": "multipart/form-data", "7616": "Digest authentication",
    "7617": "Basic authentication", "7693": "BLAKE2", "8187": "characters in field parameters",
    "8246": "Cache-Control: immutable", "8259": "JSON", "8615": "/.well-known/",
    "8941": "structured fields", "9110": "HTTP semantics", "9111": "HTTP caching",
    "9112": "HTTP/1.1", "9211": "Cache-Status", "9213": "targeted cache control",
    "9239": "JavaScript media types", "9457": "problem details", "9875": "cache groups",
}  # fmt: skip


def citations():
    """Return {rfc: {package: (sections, modules)}} from the sources."""
    cited = {}
    for package in PACKAGES:
        for file in sorted((ROOT / "packages" / package / "src").rglob("*.py")):
            for match in _CITED.finditer(file.read_text(encoding="utf-8")):
                sections, modules = cited.setdefault(match[1], {}).setdefault(package, (set(), set()))
                if match[2]:
                    sections.add(match[2].rstrip("."))
                modules.add(file)
    return dict(sorted(cited.items()))


@cache
def words_of(package):
    """Return the words of each test module of a package."""
    return {
        file.stem: frozenset(re.findall(r"\w+", file.read_text(encoding="utf-8")))
        for file in sorted((ROOT / "packages" / package / "tests").glob("test_*.py"))
    }


@cache
def public_names(file):
    """Return the names that a module defines for others, and its own where that is a rare word."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    kinds = (ast.ClassDef, ast.FunctionDef)
    names = {node.name for node in tree.body if isinstance(node, kinds) and node.name[0] != "_"}
    return frozenset(name for name in names if len(name) > 7)


#: Where the tests ask a layer by requests and name neither a module nor the document.
ASKED_BY_REQUEST = {
    ("1918", "sessions"): ("test_attacks",),
    ("3875", "auth"): ("test_basic_bearer", "test_digest"),
    ("5789", "dispatch"): ("test_dispatching",),
    ("6585", "auth"): ("test_basic_bearer", "test_digest"),
    ("9110", "inspector"): ("test_reasons",),
    ("9457", "errors"): ("test_error_middleware",),
}


@cache
def text_of(package, stem):
    return (ROOT / "packages" / package / "tests" / f"{stem}.py").read_text(encoding="utf-8")


def tests_of(package, modules, rfc):
    """Name the test modules for what *modules* take from an RFC, four at most.

    First those that name the RFC themselves, then those that import one of the modules or use
    most of the names that they define.
    """
    names = frozenset().union(*map(public_names, modules))
    imported = re.compile(rf"\btropea\.{package}\.(?:\w+\.)*(?:{'|'.join(sorted(m.stem for m in modules))})\b")
    ranks = {}
    for stem, words in words_of(package).items():
        text = text_of(package, stem)
        cited, taken = len(re.findall(rf"\bRFC[ _]?{rfc}\b|rfc_{rfc}\b", text)), len(imported.findall(text))
        if cited or taken or names & words:
            ranks[stem] = (bool(cited), bool(taken), cited, len(names & words))
    return sorted(ranks, key=ranks.get, reverse=True)[:4] or list(ASKED_BY_REQUEST.get((rfc, package), ()))


def by_number(section):
    return [int(part) if part.isdigit() else 0 for part in section.split(".")]


class Citations(Directive):
    """One row for each RFC and package: the sections that code cites, and where."""

    def run(self):
        rows = []
        for rfc, packages in citations().items():
            for package, (sections, modules) in packages.items():
                rows.append((
                    f"{rfc} {TITLES.get(rfc, '')}", package,
                    ", ".join(sorted(sections, key=by_number)) or "-",
                    ", ".join(sorted(file.stem for file in modules)),
                    ", ".join(tests_of(package, tuple(sorted(modules)), rfc)) or "-",
                ))
        heads = ("RFC", "package", "sections cited", "modules", "test modules")
        return [table(heads, rows, (22, 10, 18, 25, 25))]


# -- the API reference ---------------------------------------------------------------------------


class Api(Directive):
    """``.. tropea-api:: tropea.core``: every public name of a package, by autodoc."""

    required_arguments = 1

    def run(self):
        package = self.arguments[0]
        module = import_module(package)
        lines, constants = [], []
        for name in getattr(module, "__all__", ()):
            thing = getattr(module, name)
            if inspect.isclass(thing):
                lines += [f".. autoclass:: {package}.{name}", "   :members:", ""]
            elif inspect.isroutine(thing):
                lines += [f".. autofunction:: {package}.{name}", ""]
            else:
                constants.append(f"``{name}`` ({thing!r})" if isinstance(thing, (int, str)) else f"``{name}``")
        if constants:
            lines = ["Constants: " + ", ".join(constants) + ".", "", *lines]
        node = nodes.section()
        node.document = self.state.document
        self.state.nested_parse(StringList(lines, source=f"{package} API"), 0, node)
        return node.children


_KEPT = re.compile(r"(``.+?``|\*\w+\*)")
_ARGUMENT = re.compile(r"^(\w+(?:, \w+)*): (.*)$")


def plain(text):
    """Escape what reStructuredText would read as markup, except literals and *emphasis*."""
    parts = _KEPT.split(text)
    for place in range(0, len(parts), 2):
        parts[place] = re.sub(r"([*`|\\])|(?<=\w)(_)(?=\W|$)", r"\\\g<0>", parts[place])
    return "".join(parts)


def restructured(lines):
    """Turn a docstring as this project writes them into reStructuredText without surprises."""
    text = inspect.cleandoc("\n".join(lines))
    made, literal = [], False
    for block in re.split(r"\n\s*\n", text):
        rows = block.split("\n")
        if not block.strip():
            continue
        if rows[0].lstrip().startswith(">>>"):
            made += [".. code-block:: pycon", "", *(f"   {row}" for row in rows), ""]
        elif literal and rows[0].startswith("  "):
            made += [".. code-block:: text", "", *(f"   {row}" for row in rows), ""]
            continue
        else:
            made += told(rows)
        literal = rows[-1].rstrip().endswith("::")
    return made


def told(rows):
    """Tell "name: text" lists from sentences in the rows of one block."""
    items, prose, lines = [], [], []
    for row in rows:
        entry = _ARGUMENT.match(row)
        if entry:
            items.append([f"``{entry[1]}``: ", entry[2]])
        elif items and row.startswith(" "):
            items[-1].append(" " + row.strip())
        elif items:
            lines += bullets(items)
            items = []
            prose.append(row.strip())
        else:
            prose.append(row.strip())
    if prose and not lines:
        lines += [plain(" ".join(prose)).replace("::", ":"), "", *bullets(items)]
    elif prose:
        lines += [*bullets(items), plain(" ".join(prose)).replace("::", ":"), ""]
    else:
        lines += bullets(items)
    return lines


def bullets(items):
    return [*("- " + item[0] + plain("".join(item[1:])) for item in items), ""] if items else []


def on_docstring(app, what, name, obj, options, lines):
    if getattr(obj, "__module__", "") and not str(getattr(obj, "__module__", "tropea")).startswith("tropea"):
        lines[:] = lines[:1]  # another project's text is theirs
        if lines:
            lines[:] = [plain(lines[0]), ""]
        return
    lines[:] = restructured(lines)


def setup(app):
    app.add_directive("tropea-options", OptionsTable)
    app.add_directive("tropea-package-options", PackageOptions)
    app.add_directive("tropea-entry-points", EntryPoints)
    app.add_directive("tropea-order", OrderTable)
    app.add_directive("tropea-onion", Onion)
    app.add_directive("tropea-citations", Citations)
    app.add_directive("tropea-api", Api)
    app.connect("autodoc-process-docstring", on_docstring)
    return {"parallel_read_safe": True, "version": "1"}
