"""Questions about searching and ranking: each a file, and what they share: stores, a judge, a clock."""
