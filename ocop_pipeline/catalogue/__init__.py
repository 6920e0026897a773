"""What a site can edit: units, indicators, forms, layouts, plans, calendars, as data with one strict loader.

Belongs here: reading and checking that data. Does not: anything that depends on what has been received.
"""

from ocop_pipeline.catalogue.errors import CatalogueError
from ocop_pipeline.catalogue.loading import Agency, Catalogue, load_catalogue

__all__ = ["Agency", "Catalogue", "CatalogueError", "load_catalogue"]
