"""What decides about messages: words, lengths, hours, capacity, causes.

Pure: values in, values out. No Flask, no database, no clock, no network.
"""
