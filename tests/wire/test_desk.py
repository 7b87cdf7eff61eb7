"""Votes that come at the same moment over HTTP, good and bad, twice and to a closed ballot: each has its own answer.

Real processes and threads as they are deployed, on both databases. Nothing is timed.
"""

import json
import os
import secrets
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection

import pytest
from nacl.signing import VerifyKey
from sqlalchemy import func, select

from tests.conftest import POSTGRES, fresh_postgres, fresh_sqlite
from tests.factories import ballots as make
from union.app import create_app, start
from union.ballots import queries
from union.ballots.crypto import make_ballot, make_credential, verify
from union.ballots.models import RollEntry
from union.bench import cluster
from union.core import db
from union.core.settings import Settings
from union.demo import running
from union.members import service as members

CLIENTS = 30
YES, NO, ABSTAIN = [1, 0, 0], [0, 1, 0], [0, 0, 1]


@dataclass(frozen=True)
class Sent:
    """One POST and what came back. voter: a member's id."""

    voter: str
    slug: str
    text: str
    status: int = 0
    said: str = ""

    @property
    def answer(self):
        return json.loads(self.said)
