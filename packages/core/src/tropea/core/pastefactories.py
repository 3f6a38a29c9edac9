"""What ``use = egg:tropea-core#registry`` names in an ini file."""

from tropea.core.context import RegistryMiddleware
from tropea.core.paste import filter_factory

registry = filter_factory(RegistryMiddleware, "registry")
