"""How many requests a server answers, and how soon, beside others that speak the same protocol."""
