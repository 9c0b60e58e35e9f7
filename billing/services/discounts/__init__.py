"""Use cases of coupons, promotional credits and wallets."""
