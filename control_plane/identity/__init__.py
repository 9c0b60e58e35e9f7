"""Who is calling and what they may do: people, API keys and service tokens."""
