"""Fifth floor: the table, its offers and letters, agreements, and holding the other side to them."""
