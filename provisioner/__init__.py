"""Runs each tenant's module instances: desired state in, reconciled infrastructure out."""
