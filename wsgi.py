"""The web application for a WSGI server: `gunicorn wsgi:app`. Never starts a scheduler."""

from union.app import create_app, start
from union.core.settings import Settings

settings = Settings.from_environment()
start(settings)
app = create_app(settings)
