"""The key with which a site signs the workbooks it sends out.

Belongs here: keeping it. It never leaves the state folder and is never logged; a site that loses it can still read
every workbook, and only cannot tell its own from others'.
"""

import os
import secrets
from pathlib import Path

from ocop_pipeline.settings import Settings

_BYTES = 32
_OWNER_ONLY = 0o600


def site_key(settings: Settings) -> bytes:
    """The key, made at first use.

    Raises:
        OSError: it can neither be read nor written.
    """
    path = _path(settings)
    try:
        return path.read_bytes()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    made = secrets.token_bytes(_BYTES)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    except FileExistsError:  # somebody else was a moment earlier
        return path.read_bytes()
    with os.fdopen(descriptor, "wb") as file:
        file.write(made)
    return made


def known_key(settings: Settings) -> bytes | None:
    """The key, if there is one: a site that never sent a template out has none."""
    path = _path(settings)
    return path.read_bytes() if path.is_file() else None


def _path(settings: Settings) -> Path:
    return settings.state / "template.key"
