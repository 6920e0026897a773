"""Where the package finds its own files. No state, no settings, no environment.

In a checkout `sql/` and `report_templates/` stand at the top level; in an installed wheel they travel
inside the package. Nothing else in the code may build such a path.
"""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = PACKAGE.parent


def _beside_or_bundled(name: str) -> Path:
    bundled = PACKAGE / "bundled" / name
    return bundled if bundled.is_dir() else _CHECKOUT / name


SQL = _beside_or_bundled("sql")
REPORT_TEMPLATES = _beside_or_bundled("report_templates")
CATALOGUE_DATA = PACKAGE / "catalogue" / "data"
