"""OHIF, a full viewer of another maker, served as an option; must not know what is in a study."""
