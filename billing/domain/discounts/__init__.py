"""Coupons, promotional credits and prepaid wallets, as values."""
