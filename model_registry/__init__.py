"""What was trained, how good it is, what is served; must not know the web, flows or the drift tool."""
