"""How a tenant stands when it does not pay: the ladder it goes down, each step announced ahead."""
