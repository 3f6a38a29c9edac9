# Written by tools/stubs.py from _EXPORTS in __init__.py.
from tropea.static.archives import ZipSource
from tropea.static.assets import static_url
from tropea.static.building import build_assets
from tropea.static.dispositions import content_disposition
from tropea.static.errors import MissingAsset
from tropea.static.errors import StaticError
from tropea.static.folders import FolderSource
from tropea.static.middleware import StaticMiddleware
from tropea.static.options import StaticOptions
from tropea.static.packages import PackageSource
from tropea.static.packages import package_source
from tropea.static.packing import compress_tree
from tropea.static.server import StaticServer
from tropea.static.server import static_server
from tropea.static.singlefile import serve_static_file
from tropea.static.sources import Source

__all__ = [
    "FolderSource",
    "MissingAsset",
    "PackageSource",
    "Source",
    "StaticError",
    "StaticMiddleware",
    "StaticOptions",
    "StaticServer",
    "ZipSource",
    "build_assets",
    "compress_tree",
    "content_disposition",
    "package_source",
    "serve_static_file",
    "static_server",
    "static_url",
]
