"""Scores waiting studies with the production package; must not know HTTP or how a model was trained."""
