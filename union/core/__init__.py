"""Bedrock: settings, database, clock, ids, actors, permissions, secrets at rest, errors, words.

Knows no Flask and no room.
"""
