"""Pure rules of provisioning: what should exist, what was seen, what to do next."""
