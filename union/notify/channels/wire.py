"""What HTTP channels share: telling a call that never left from one that may have arrived."""

import requests


def never_left(problem: requests.exceptions.ConnectionError) -> bool:
    """Tell whether the connection was not even made: refused, no route, no such host."""
    reason = getattr(problem.args[0] if problem.args else None, "reason", None)
    return type(reason).__name__ in {"NewConnectionError", "NameResolutionError", "ConnectTimeoutError"}
