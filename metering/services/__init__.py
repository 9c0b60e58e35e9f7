"""The use cases of metering: take usage in, and ask about it."""
