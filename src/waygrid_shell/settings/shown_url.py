"""A URL as it may be shown: whatever is secret in it is left out."""

import re
from typing import Final

_SECRET_PARAMETER: Final = re.compile(r"(?P<name>[?&](?:password|sslpassword|passwd|token)=)[^&#]*", re.IGNORECASE)
_HIDDEN: Final = "***"


def shown_url(url: str) -> str:
    """The URL, with `***` where a password stood; also of a text that only resembles a URL.

    A password with a `/`, `?` or `#` in it that was not escaped hides everything up to the `@`.
    """
    head, separator, rest = url.rpartition("@")
    if separator:
        scheme, slashes, authority = head.partition("://")
        user, colon, _ = authority.partition(":")
        url = f"{scheme}{slashes}{user}{colon and ':' + _HIDDEN}@{rest}" if slashes else f"{_HIDDEN}@{rest}"
    return _SECRET_PARAMETER.sub(rf"\g<name>{_HIDDEN}", url)


def url_repr(url: str | None) -> str:
    """For the `repr` of settings."""
    return repr(url and shown_url(url))
