"""What a site can edit: units, indicators, forms, layouts, plans, calendars, as data with one strict loader."""
