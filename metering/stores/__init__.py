"""Where usage events are kept: the adapters of ``metering.ports.UsageStore``."""
