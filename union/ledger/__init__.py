"""First floor: the books, double entry in whole cents, and the strike fund that is paid out of them."""
