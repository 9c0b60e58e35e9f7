"""Outbound: shipments take goods from stock to customers."""
