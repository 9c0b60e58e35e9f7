"""Which provider issues whose fapiao."""

from dataclasses import dataclass

from billing.fapiao_port import FapiaoProvider


@dataclass(frozen=True, slots=True)
class FapiaoProviders:
    """One provider for live organisations, one that is not real for sandboxes."""

    live: FapiaoProvider
    sandbox: FapiaoProvider

    def __post_init__(self) -> None:
        if self.sandbox.real:
            raise ValueError(f"{self.sandbox.name} would issue real fapiao to sandboxes")

    def of(self, *, sandbox: bool) -> FapiaoProvider:
        """Return the provider of a new request."""
        return self.sandbox if sandbox else self.live

    def named(self, name: str) -> FapiaoProvider:
        """Return the provider that a fapiao was given to.

        Raises:
            LookupError: it is not set up any more.
        """
        for provider in (self.live, self.sandbox):
            if provider.name == name:
                return provider
        raise LookupError(f"no fapiao provider {name!r}")
