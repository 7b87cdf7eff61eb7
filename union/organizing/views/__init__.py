"""The pages of organizing work: one module per subject, all on one blueprint."""

from union.organizing.views import (
    calling,
    exports,
    lists,
    overview,
    own,
    people,
    prospects,
    roles,
    tags,
    tasks,
    texts,
)
from union.organizing.views.common import blueprint

__all__ = [
    "blueprint",
    "calling",
    "exports",
    "lists",
    "overview",
    "own",
    "people",
    "prospects",
    "roles",
    "tags",
    "tasks",
    "texts",
]
