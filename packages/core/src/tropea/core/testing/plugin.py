"""The contracts as a pytest plugin: no test module needs to be written to try a layer.

::

    pytest --layer mypackage.layers:compressed
    pytest --contract store=mypackage.stores:make_store

The object named is a function that gets an application (or, for a store, a clock) and returns what
is tried, a class whose instances are that, or a subclass of the contract with answers to what it
asks.  A project that wants this in every run writes ``tropea_contracts`` into pytest's
configuration, one ``kind=module:name`` a line.

Kinds come from the entry points of the group ``tropea.contracts``.  This module is imported by
every run of pytest where tropea-core is installed, so it imports nothing until it is asked.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

#: What a contract calls to get what it tries.
MAKERS = ("make_layer", "make_store")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer the options; pytest calls this."""
    group = parser.getgroup("tropea", "contracts of WSGI layers and stores")
    group.addoption(
        "--layer", action="append", default=[], metavar="MODULE:NAME",
        help="run LayerContract on a layer: a callable that takes an application",
    )  # fmt: skip
    group.addoption(
        "--contract", action="append", default=[], metavar="KIND=MODULE:NAME",
        help="run the contract of a kind (layer, store, cache-store, …) on what a callable makes",
    )  # fmt: skip
    parser.addini("tropea_contracts", "kind=module:name, one a line", type="linelist", default=[])


def wanted(config: pytest.Config) -> list[str]:
    """Return what is to be tried, each as ``kind=module:name``."""
    asked = [f"layer={name}" for name in config.getoption("layer")]
    asked += config.getoption("contract")
    if not asked and config.args_source is not pytest.Config.ArgsSource.ARGS:
        asked = config.getini("tropea_contracts")  # who names files wants these files alone
    return asked


def pytest_configure(config: pytest.Config) -> None:
    """Collect nothing else where a contract was asked for and no file was named."""
    asked = config.getoption("layer") or config.getoption("contract")
    if asked and config.args_source is not pytest.Config.ArgsSource.ARGS:
        config.args = []


def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Add the rows of the contracts to what was collected."""
    for number, text in enumerate(wanted(config)):
        module = ContractModule.from_parent(
            session, path=config.rootpath / f"contract-{number}", name=text, nodeid=text
        )
        module.contract = contract_class(text, str(config.invocation_params.dir))
        items.extend(walk(module))


class ContractModule(pytest.Module):
    """A module of tests that is on no disk: one class, made for what is tried."""

    contract: type

    def _getobj(self) -> ModuleType:
        module = ModuleType(self.contract.__name__)
        module.__dict__[self.contract.__name__] = self.contract
        return module


def walk(collector: pytest.Collector) -> Iterator[pytest.Item]:
    """Collect everything below *collector*."""
    for node in collector.collect():
        if isinstance(node, pytest.Item):
            yield node
        elif isinstance(node, pytest.Collector):
            yield from walk(node)


def contract_class(text: str, folder: str) -> type:
    """Return the test class for ``kind=module:name``; raise UsageError where it names nothing.

    folder: looked into as well for the module, since pytest, the command, does not.
    """
    from tropea.core.options import load_object

    kind, mark, name = text.partition("=")
    if not mark or ":" not in name:
        raise pytest.UsageError(f"expected KIND=MODULE:NAME, got {text!r}")
    contract = contract_of(kind)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        made = load_object(name)
    except Exception as error:
        raise pytest.UsageError(f"{text}: {error}") from None
    if isinstance(made, type) and issubclass(made, contract):
        return made
    maker = next(maker for maker in MAKERS if hasattr(contract, maker))
    title = "Test_" + "".join(letter if letter.isalnum() else "_" for letter in name)
    return type(title, (contract,), {maker: lambda _self, given: made(given)})


def contract_of(kind: str) -> type:
    """Return the contract of a kind; raise UsageError where no installed package has one."""
    from importlib.metadata import entry_points

    known = {point.name: point for point in entry_points(group="tropea.contracts")}
    if kind not in known:
        there = ", ".join(sorted(known)) or "none"
        raise pytest.UsageError(f"no contract for {kind!r}; installed: {there}")
    contract: type = known[kind].load()
    return contract
