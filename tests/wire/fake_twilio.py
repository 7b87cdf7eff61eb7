"""The Twilio-speaking server for wire tests, and the published description to hold it against.

Also a process: `python -m tests.wire.fake_twilio --port 4020`.
"""

import json
import os
from pathlib import Path

from union.notify.testing.twilio_server import ACCOUNT, SERVICE, TOKEN, TwilioServer, main, running, sign

DESCRIPTION = "twilio-messages-openapi.json"
ABSENT = (
    f"{DESCRIPTION} is not here (looked in $UNION_SHARED_DATA and ../shared/data): the Twilio-speaking server is"
    " NOT held against Twilio's published description"
)

__all__ = ["ABSENT", "ACCOUNT", "SERVICE", "TOKEN", "TwilioServer", "description", "running", "sign"]


def description():
    """Return Twilio's published OpenAPI description as a dict, None when the file is not there."""
    root = Path(__file__).parent.parent.parent
    places = [Path(os.environ.get("UNION_SHARED_DATA") or root.parent / "shared" / "data"), root / "data"]
    for place in places:
        if (place / DESCRIPTION).is_file():
            return json.loads((place / DESCRIPTION).read_text())
    return None


if __name__ == "__main__":
    main()
