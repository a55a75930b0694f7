"""The web process in numbers, for Prometheus: a registry for each app, no patient in any label."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """What is counted and timed."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "overread_requests_total",
            "Requests answered",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "overread_request_seconds",
            "Time to answer a request",
            ["method", "route"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.predictions = Counter(
            "overread_predictions_total", "Answers kept", ["version", "label"], registry=self.registry
        )
        self.scoring = Histogram(
            "overread_scoring_seconds",
            "Time of the network for one batch",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.set_aside = Counter(
            "overread_studies_set_aside_total",
            "Studies excluded or quarantined",
            ["state"],
            registry=self.registry,
        )
        self.failures = Counter(
            "overread_worker_failures_total", "Pieces of work that failed", ["step"], registry=self.registry
        )
        self.production = Gauge(
            "overread_production_info",
            "The version this process serves, and in which precision",
            ["version", "precision"],
            registry=self.registry,
        )
        self.studies = Gauge("overread_studies", "Studies by state", ["state"], registry=self.registry)

    def exposition(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self.registry)
