"""Media types by extension: a table of our own, the same on every host.

The system's tables (``/etc/mime.types``, the Windows registry) differ from host to host and
have been wrong for scripts; nothing of them is read here.

Source: the IANA registry of media types; RFC 9239 (text/javascript); RFC 6838 section 4.2.8.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

#: What an unknown extension is: never text/html, and never guessed from the content.
UNKNOWN = "application/octet-stream"

_TABLE = """
text/html                       html htm xhtm
text/css                        css
text/javascript                 js mjs cjs
text/plain                      txt text log conf ini toml diff patch rst srt
text/csv                        csv
text/tab-separated-values       tsv
text/markdown                   md markdown
text/calendar                   ics
text/vcard                      vcf
text/vtt                        vtt
text/xml                        xsl xslt
text/cache-manifest             appcache
text/x-python                   py
application/json                json map
application/ld+json             jsonld
application/geo+json            geojson
application/manifest+json       webmanifest
application/feed+json           feedjson
application/schema+json         schemajson
application/yaml                yaml yml
application/xml                 xml
application/xhtml+xml           xhtml
application/atom+xml            atom
application/rss+xml             rss
application/pdf                 pdf
application/rtf                 rtf
application/wasm                wasm
application/zip                 zip
application/gzip                gz tgz
application/zstd                zst
application/x-brotli            br
application/x-bzip2             bz2
application/x-xz                xz
application/x-tar               tar
application/x-7z-compressed     7z
application/vnd.rar             rar
application/java-archive        jar war
application/epub+zip            epub
application/msword              doc dot
application/vnd.ms-excel        xls
application/vnd.ms-powerpoint   ppt
application/vnd.openxmlformats-officedocument.wordprocessingml.document    docx
application/vnd.openxmlformats-officedocument.spreadsheetml.sheet          xlsx
application/vnd.openxmlformats-officedocument.presentationml.presentation  pptx
application/vnd.oasis.opendocument.text          odt
application/vnd.oasis.opendocument.spreadsheet   ods
application/vnd.oasis.opendocument.presentation  odp
application/vnd.oasis.opendocument.graphics      odg
application/vnd.android.package-archive          apk
application/vnd.ms-fontobject   eot
application/vnd.sqlite3         sqlite sqlite3
application/vnd.apple.mpegurl   m3u8
application/dash+xml            mpd
application/gpx+xml             gpx
application/vnd.google-earth.kml+xml  kml
application/postscript          ps eps ai
application/sql                 sql
application/x-sh                sh
application/x-shockwave-flash   swf
application/x-x509-ca-cert      crt der
application/pgp-signature       sig asc
image/png                       png
image/apng                      apng
image/jpeg                      jpg jpeg jpe jfif
image/gif                       gif
image/webp                      webp
image/avif                      avif
image/heic                      heic
image/heif                      heif
image/jxl                       jxl
image/svg+xml                   svg svgz
image/bmp                       bmp
image/tiff                      tif tiff
image/vnd.microsoft.icon        ico cur
audio/mpeg                      mp3
audio/mp4                       m4a
audio/aac                       aac
audio/ogg                       ogg oga opus
audio/flac                      flac
audio/wav                       wav
audio/midi                      mid midi
audio/webm                      weba
video/mp4                       mp4 m4v
video/webm                      webm
video/ogg                       ogv
video/quicktime                 mov qt
video/mpeg                      mpg mpeg
video/mp2t                      ts
video/x-matroska                mkv
video/x-msvideo                 avi
video/3gpp                      3gp
font/woff                       woff
font/woff2                      woff2
font/ttf                        ttf
font/otf                        otf
font/collection                 ttc
model/gltf-binary               glb
model/gltf+json                 gltf
"""

#: Extension, lower case and without its dot -> media type without parameters.
MEDIA_TYPES: Mapping[str, str] = MappingProxyType(
    {
        extension: media_type
        for media_type, *extensions in (line.split() for line in _TABLE.strip().splitlines())
        for extension in extensions
    }
)

#: Types that have a charset parameter although they are no ``text/``: none needs one today.
#: JSON, XML and SVG say or define their encoding themselves.
_WITHOUT_CHARSET = frozenset({"text/xml"})


def media_type(name: str, more: Mapping[str, str] = MappingProxyType({})) -> str:
    """Look up the media type of a file name, without parameters.

    more: extension -> media type, asked first.

    An archive's own extension counts (``site.tar.gz`` is a gzip file); it never becomes a
    Content-Encoding, which would have the browser unpack what was to be downloaded.

    >>> media_type("App.JS"), media_type("site.tar.gz"), media_type("README")
    ('text/javascript', 'application/gzip', 'application/octet-stream')
    """
    stem, dot, extension = name.rpartition(".")
    if not dot or not stem:
        return UNKNOWN
    extension = extension.lower()
    return more.get(extension) or MEDIA_TYPES.get(extension, UNKNOWN)


def content_type(
    name: str, charset: str = "utf-8", more: Mapping[str, str] = MappingProxyType({})
) -> str:
    """Write the ``Content-Type`` of a file name: text gets the charset, nothing else does.

    charset: empty for none.

    >>> content_type("a.css"), content_type("a.svg")
    ('text/css; charset=utf-8', 'image/svg+xml')
    """
    found = media_type(name, more)
    if not charset or not found.startswith("text/") or ";" in found or found in _WITHOUT_CHARSET:
        return found
    return f"{found}; charset={charset}"
