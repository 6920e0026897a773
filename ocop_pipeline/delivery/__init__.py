"""Getting documents to people: outbox, channels, receipts."""
