"""A layer is listed with the distribution that it comes from, where several share a package too."""

import importlib.metadata

import pytest

from tropea.core import anatomy


@pytest.fixture
def shared(monkeypatch):
    """Two distributions that share the package ``larder``."""
    contents = {"Larder": ["larder/jam.py", "larder/shelf/__init__.py"], "LarderDeploy": ["larder/deploy/a.py"]}
    monkeypatch.setattr(anatomy, "_distributions", lambda: {"larder": ["LarderDeploy", "Larder"]})
    monkeypatch.setattr(importlib.metadata, "files", contents.__getitem__)
    anatomy._owner.cache_clear()
    yield
    anatomy._owner.cache_clear()


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("larder.jam.middleware", "Larder"),
        ("larder.shelf.Layer", "Larder"),
        ("larder.deploy.a.App", "LarderDeploy"),
        ("larder.unknown", "LarderDeploy"),
        ("nobody.knows", ""),
    ],
)
def test_the_distribution_that_has_the_module_is_named(shared, name, owner):
    assert anatomy.distribution_of(name) == owner
