"""Webhooks out: what happened, told to programs (Standard Webhooks) and to chat robots."""
