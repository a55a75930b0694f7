"""Values and rules of the loop, in plain Python; must not know databases, arrays, frameworks or the clock."""
