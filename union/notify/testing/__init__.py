"""Servers to send to on one's own machine: one that speaks Twilio's Messages API, one that speaks SMTP.

For the demo, benchmarks and tests. Standard library only; nothing here leaves the loopback interface unless
told to, and no part of the running union imports it.
"""
