"""The conformance kit: test vectors, and a runner that puts them to a client in any language.

A client is a command. It reads one JSON object a line, ``{"id", "suite", "input"}``, and answers
each with ``{"id", "output"}``, or with ``{"id", "unsupported": true}``. The guide is
docs/entitlements/conformance.md.
"""
