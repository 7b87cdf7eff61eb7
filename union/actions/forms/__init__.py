"""What people fill in about actions: plain values out, every message at its field."""

from union.actions.forms.acts import (
    CodeForm,
    DebriefForm,
    NoticeForm,
    PaperForm,
    ReasonForm,
    RetaliationForm,
    SheetsForm,
)
from union.actions.forms.plan import KindForm, PlanForm
from union.actions.forms.votes import VoteForm

__all__ = [
    "CodeForm",
    "DebriefForm",
    "KindForm",
    "NoticeForm",
    "PaperForm",
    "PlanForm",
    "ReasonForm",
    "RetaliationForm",
    "SheetsForm",
    "VoteForm",
]
