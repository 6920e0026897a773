"""DuckDB and nothing else: connection, models, publishing, tracing; and the ledger beside it."""
