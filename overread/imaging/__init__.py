"""From bytes to trustworthy pixels and back to DICOM; must not know databases, models or statistics."""
