"""`union notify simulate`: who would have a call when, as a table and as a drawing."""
