"""Prefect: order, retries and schedules only; the work is in `pipeline` and must not be done here."""
