"""What the registry does: every verb takes the session and `now`, authorizes first, and never commits."""

from union.members.service.sessions import revoke_all_sessions, revoke_session, start_session

__all__ = ["revoke_all_sessions", "revoke_session", "start_session"]
