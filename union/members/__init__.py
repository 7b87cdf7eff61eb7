"""Second floor: the registry. Who belongs to the union, how they are reached, what they were asked to do."""
