"""The crashing command's fixtures."""

from tests.commands import installation, installed, overread

__all__ = ["installation", "installed", "overread"]
