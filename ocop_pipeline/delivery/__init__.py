"""Getting documents to people once, and having it on record.

Belongs here: the outbox, its two channels (a folder, SMTP) and the receipts. Does not: what a document
says, who is on the lists (`catalogue/recipients.py`), where the record is kept (`warehouse/ledger.py`).
"""

from ocop_pipeline.delivery.outbox import deliver
from ocop_pipeline.delivery.parcel import Outcome, Parcel, ParcelError, Receipt, release_id
from ocop_pipeline.delivery.record import Undecided, pending_review, settle

__all__ = [
    "Outcome",
    "Parcel",
    "ParcelError",
    "Receipt",
    "Undecided",
    "deliver",
    "pending_review",
    "release_id",
    "settle",
]
