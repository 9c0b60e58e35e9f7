"""Everything that can be done to a subscription, each thing previewed and confirmed alike."""
