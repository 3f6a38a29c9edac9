"""Directives of other modules that stand beside rules in real files, and that are left out.

mod_alias's Redirect and RedirectMatch are not among them: they redirect, so leaving them out
would change what a file does without a word.
"""

from __future__ import annotations

_NAMES = """
AcceptPathInfo Action AddCharset AddDefaultCharset AddEncoding AddHandler AddIcon AddLanguage
AddOutputFilter AddOutputFilterByType AddType Allow AllowOverride AuthBasicProvider AuthGroupFile
AuthName AuthType AuthUserFile BrowserMatch BrowserMatchNoCase BrotliCompressionQuality
CheckSpelling ContentDigest DefaultType DeflateCompressionLevel Deny DirectoryIndex DirectorySlash
DocumentRoot EnableSendfile ErrorDocument ErrorLog ExpiresActive ExpiresByType ExpiresDefault
FallbackResource FileETag ForceType Header IndexIgnore IndexOptions KeepAlive LanguagePriority
LimitRequestBody LogLevel CustomLog Options Order PassEnv php_admin_flag php_admin_value php_flag
php_value RemoveHandler RemoveType RequestHeader Require Satisfy SecFilterEngine
SecFilterScanPOST ServerAdmin ServerAlias ServerName ServerSignature SetEnv SetEnvIf
SetEnvIfNoCase SetHandler SetOutputFilter SSLOptions SSLRequireSSL SubstituteMaxLineLength
UnsetEnv AllowEncodedSlashes UseCanonicalName LimitInternalRecursion
"""
FOREIGN = {name.lower(): name for name in _NAMES.split()}

#: Sections about files, methods and access: rules have no meaning inside, the rest is left out.
IGNORED_SECTIONS = frozenset(
    (
        "files", "filesmatch", "limit", "limitexcept", "requireall", "requireany", "requirenone",
        "authnprovideralias",
    )
)  # fmt: skip
