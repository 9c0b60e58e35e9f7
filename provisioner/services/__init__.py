"""The use cases of provisioning."""
