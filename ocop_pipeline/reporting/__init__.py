"""From marts to paper: the document model, its writers, formats and charts.

Nothing here knows Dagster, DuckDB or how a figure came to be; figures come in as exact numbers with the
id that walks them back, documents go out as text or bytes.
"""
