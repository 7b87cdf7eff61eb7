"""Ground: the outbox, its texts, the channels that carry them, receipts and replies."""
