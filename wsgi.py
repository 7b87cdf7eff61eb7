"""The web application for a WSGI server: `gunicorn wsgi:app`. Never starts a scheduler."""

import sys

from union.app import create_app, start
from union.core.patience import WEB
from union.core.settings import Settings

# A thread that holds a ballot's lock must not wait 5 ms for another that multiplies big numbers.
sys.setswitchinterval(0.0005)
settings = Settings.from_environment()
start(settings, patience=WEB)
app = create_app(settings)
