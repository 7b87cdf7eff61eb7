"""The table: offers and letters, agreements and their ratification, holding the other side to them."""
