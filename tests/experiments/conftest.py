"""The tiny department of the pipeline's tests."""

from tests.pipeline.conftest import collection, imported, school, trained

__all__ = ["collection", "imported", "school", "trained"]
