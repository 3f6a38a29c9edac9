"""Static files as WSGI middleware and application.

Names are imported when they are first asked for (PEP 562), so that ``import tropea.static`` costs
next to nothing.
"""

from __future__ import annotations

from tropea.core.exporting import exports

#: Public name -> the module that has it.
_EXPORTS = {
    "FolderSource": "folders",
    "MissingAsset": "errors",
    "PackageSource": "packages",
    "Source": "sources",
    "StaticError": "errors",
    "StaticMiddleware": "middleware",
    "StaticOptions": "options",
    "StaticServer": "server",
    "ZipSource": "archives",
    "build_assets": "building",
    "compress_tree": "packing",
    "content_disposition": "dispositions",
    "package_source": "packages",
    "serve_static_file": "singlefile",
    "static_server": "server",
    "static_url": "assets",
}

__all__ = sorted(_EXPORTS)  # noqa: PLE0605  one table serves both
__getattr__, __dir__ = exports(globals(), _EXPORTS)
