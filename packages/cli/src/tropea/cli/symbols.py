"""Tell what a Python file does with a name: pure, on a syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator

_DEFINING = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def hits_in(
    tree: ast.AST, symbol: str, module: str, *, is_package: bool = False
) -> Iterator[tuple[int, str]]:
    r"""Yield (line, what) for each place of a file that has to do with *symbol*.

    module: the file's own name, by which relative imports and what it defines are known.
    is_package: whether the file is an ``__init__.py``.

    >>> tree = ast.parse("from shop.models import Recipe as R\nR()")
    >>> list(hits_in(tree, "shop.models.Recipe", "shop.views"))
    [(1, 'import'), (2, 'use')]
    """
    if "." not in symbol:
        for node in ast.walk(tree):
            yield from _plain(node, symbol)
        return
    yield from _Dotted(symbol, module, is_package=is_package).visit(tree, module)


def _plain(node: ast.AST, name: str) -> Iterator[tuple[int, str]]:
    """Say what one node does with a plain name."""
    match node:
        case (
            ast.FunctionDef(name=found)
            | ast.AsyncFunctionDef(name=found)
            | ast.ClassDef(name=found)
        ):
            what = "definition"
        case ast.alias(name=dotted, asname=alias):
            found, what = (name if name in (*dotted.split("."), alias) else ""), "import"
        case ast.ImportFrom(module=str(dotted)):
            found, what = (name if name in dotted.split(".") else ""), "import"
        case ast.Name(id=found, ctx=ast.Store()) | ast.Attribute(attr=found, ctx=ast.Store()):
            what = "assignment"
        case ast.arg(arg=found) | ast.ExceptHandler(name=str(found)) | ast.MatchAs(name=str(found)):
            what = "assignment"
        case ast.Name(id=found) | ast.Attribute(attr=found) | ast.keyword(arg=str(found)):
            what = "use"
        case ast.Constant(value=str(text)) if _names(text, name):
            found, what = name, "use"
        case _:
            return
    if found == name:
        yield getattr(node, "lineno", 1), what


def _names(text: str, name: str) -> bool:
    """Tell whether a string is a dotted spelling that ends in a name, as ``shop.models:Recipe``."""
    parts = text.replace(":", ".").split(".")
    return len(parts) > 1 and name in parts and all(part.isidentifier() for part in parts)


class _Dotted:
    """Follows what a file's names stand for."""

    def __init__(self, symbol: str, module: str, *, is_package: bool) -> None:
        self.ending = f".{symbol}"
        self.bound: dict[str, str] = {}
        self.module, self.is_package = module, is_package

    def visit(self, node: ast.AST, scope: str) -> Iterator[tuple[int, str]]:
        for child in ast.iter_child_nodes(node):
            yield from self._hits(child, scope)
            inner = f"{scope}.{child.name}" if isinstance(child, _DEFINING) else scope
            if isinstance(child, ast.Attribute) and self._dotted(child):
                continue  # the whole chain has been looked at
            yield from self.visit(child, inner)

    def _hits(self, node: ast.AST, scope: str) -> Iterator[tuple[int, str]]:
        line = getattr(node, "lineno", 1)
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                self.bound.setdefault(node.name, f"{scope}.{node.name}")
                if f"{scope}.{node.name}".endswith(self.ending):
                    yield line, "definition"
            case ast.Import():
                for alias in node.names:
                    self.bound[alias.asname or alias.name.partition(".")[0]] = (
                        alias.name if alias.asname else alias.name.partition(".")[0]
                    )
                    if self._is_it(alias.name):
                        yield line, "import"
            case ast.ImportFrom():
                base = self._base(node)
                for alias in node.names:
                    self.bound[alias.asname or alias.name] = f"{base}.{alias.name}"
                    if self._is_it(f"{base}.{alias.name}"):
                        yield line, "import"
            case ast.Name(ctx=ast.Store()):
                if f"{scope}.{node.id}".endswith(self.ending):
                    yield line, "assignment"
                self.bound.setdefault(node.id, f"{scope}.{node.id}")
            case ast.Name() | ast.Attribute():
                if self._is_it(self._dotted(node)):
                    stores = isinstance(node.ctx, ast.Store)
                    yield line, "assignment" if stores else "use"
            case ast.Constant(value=str(text)) if self._is_it(text.replace(":", ".")):
                yield line, "use"

    def _base(self, node: ast.ImportFrom) -> str:
        """Name the module that ``from … import`` takes from."""
        if not node.level:
            return node.module or ""
        parts = self.module.split(".")
        parts = parts[: len(parts) - node.level + self.is_package]
        return ".".join([*parts, *([node.module] if node.module else [])])

    def _dotted(self, node: ast.AST) -> str:
        """Spell a chain of attributes by what its first name stands for; "" for anything else."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.insert(0, node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        return ".".join([self.bound.get(node.id, node.id), *parts])

    def _is_it(self, dotted: str) -> bool:
        return f"{self.ending}." in f".{dotted}."
