"""The form base: WTForms with CSRF, our words, and service refusals shown at their field."""

from collections.abc import Mapping, Sequence

from flask_wtf import FlaskForm
from wtforms import Field

from union.core import i18n
from union.core.errors import UnionError
from union.web.i18n import gettext, language, refusals, remember, switching


class _Words:
    """WTForms' own messages, translated by our catalogs."""

    def gettext(self, text: str) -> str:
        """Return `text` in the request's language."""
        return gettext(text)

    def ngettext(self, one: str, many: str, n: int) -> str:
        """Return the form that fits `n`, its fields still open: WTForms fills them."""
        return i18n.plural_form(language(), one, many, n)


class Form(FlaskForm):  # type: ignore[misc]
    """What every form derives from. Labels are message ids (`msg("…")`), translated when shown."""

    class Meta(FlaskForm.Meta):  # type: ignore[misc]
        """How WTForms finds its words."""

        def get_translations(self, form: object) -> _Words:
            """Return our translations."""
            del form
            return _Words()

    def validate(self, extra_validators: Mapping[str, Sequence[object]] | None = None) -> bool:
        """Tell whether the form may be acted on: it holds, and was sent for more than another language."""
        holds = bool(super().validate(extra_validators))
        for error in refusals(type(self).__qualname__):
            self.refuse(error)
        return holds and not switching()

    def refuse(self, error: UnionError) -> None:
        """Show `error` at the field it names, or above the form; what was typed stays."""
        remember(type(self).__qualname__, error)
        text = gettext(error.text, **error.facts)
        field: Field | None = self._fields.get(error.field) if error.field else None
        if field is None:
            self.form_errors.append(text)
        else:
            field.errors = [*field.errors, text]


def status_of(form: Form) -> int:
    """Return the HTTP status of a page with a form: 422 when what was sent is refused."""
    return 422 if form.is_submitted() else 200
