"""The tiny department of the pipeline's tests."""

from tests.pipeline.conftest import collection, department, empty, imported, school, trained

__all__ = ["collection", "department", "empty", "imported", "school", "trained"]
