"""What stands between a request and a use case: who asks, in what language, once."""
