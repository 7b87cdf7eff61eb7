"""Fifth floor: organizing work.

Tags, talks, call and text lists, tasks, prospects, and who may do it where.
"""
