"""Fifth floor: synchronized actions.

From a mandate to a start at one moment, check-in without surveillance, and a debrief.
"""
