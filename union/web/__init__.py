"""Yard: the Flask kit. Security headers, CSRF, guards, forms, errors, figures, words for templates; knows no room."""
