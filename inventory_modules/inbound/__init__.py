"""Inbound: receipts bring goods from suppliers into stock."""
