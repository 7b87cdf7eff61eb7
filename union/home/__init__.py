"""Sixth floor: the front page, the member's "what now", the organizer's console.

Composed from queries; owns no table.
"""
