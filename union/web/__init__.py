"""Yard: the Flask kit. Headers, CSRF, guards, forms, errors, figures, words for templates; knows no room."""
