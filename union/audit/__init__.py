"""Cellar: the append-only, hash-chained log of what was decided and by whom."""
