"""First floor: the platforms we bargain with, and how their privacy desks are reached."""
