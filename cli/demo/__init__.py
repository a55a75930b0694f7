"""The loop on a simulated department, over HTTP; must not know anything that a department could not."""
