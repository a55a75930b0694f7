"""Training, scoring, explaining and exporting a network; imports with torch, torchvision and numpy alone.

It must not know DICOM, the statistics of the gate, wording, databases or where a study came from.
"""
