"""DICOMweb, the reading half (PS3.18): what is stored, to viewers; must not know what a model answered."""
