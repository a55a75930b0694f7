"""From a pressed button to a label fit to train on; must not know the registry, monitoring, HTTP or flows."""
