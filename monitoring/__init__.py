"""Is production still the model we tested? Must not know how models are trained, promoted or served."""
