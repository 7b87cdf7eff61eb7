"""Union: members of a data union organize against tech platforms and bargain with them."""
