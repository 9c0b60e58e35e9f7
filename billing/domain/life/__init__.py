"""The life of a subscription: what can be asked of it, when it takes effect, what it will cost."""
