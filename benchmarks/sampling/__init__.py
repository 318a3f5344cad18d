"""Questions about samplers: how good what they propose is, and how long they take."""
