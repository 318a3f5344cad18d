"""How well and how fast sweeps search, beside the peers."""
