"""Getting documents to people once, and having it on record.

Belongs here: the outbox, its two channels (a folder, SMTP) and the receipts. Does not: what a document
says, who is on the lists (`catalogue/recipients.py`), where the record is kept (`warehouse/ledger.py`).
"""

from ocop_pipeline.delivery.outbox import alone, deliver, is_under_way
from ocop_pipeline.delivery.parcel import Outcome, Parcel, ParcelError, Receipt, release_id
from ocop_pipeline.delivery.record import NothingToSettleError, Undecided, pending_review, settle, unfinished

__all__ = [
    "NothingToSettleError",
    "Outcome",
    "Parcel",
    "ParcelError",
    "Receipt",
    "Undecided",
    "alone",
    "deliver",
    "is_under_way",
    "pending_review",
    "release_id",
    "settle",
    "unfinished",
]
