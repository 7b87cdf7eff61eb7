"""Roof: `make bench` prints what people feel and how cost grows, beside the limit of the same run."""
