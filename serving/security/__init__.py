"""Who is asking, what they may do, and how much of it; must not know what the routes do."""
