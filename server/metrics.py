"""Figures for Prometheus. They count; they never hold a name, a path or a text."""

from collections import Counter as Tally
from collections.abc import Callable, Iterator, Mapping

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from server import protocol

# A second series for each figure, which only tells when this process first counted it.
disable_created_metrics()  # type: ignore[no-untyped-call]

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
"""Seconds."""


class Metrics(Collector):
    """Of one application, beside those that the process has in prometheus_client's own registry.

    A registry of its own, since tests run several applications in a process.
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(self)
        self._requests = Counter(
            "scriptorium_http_requests", "HTTP requests", ["method", "route", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "scriptorium_http_seconds",
            "Time until an HTTP request was answered",
            ["route"],
            buckets=BUCKETS,
            registry=self._registry,
        )
        # Plain numbers, since every frame touches them and a prometheus_client counter takes a lock each time.
        self.frames_received = 0
        self.bytes_received = 0
        self.throttled_seconds = 0.0
        self.sockets: Tally[str] = Tally()
        """By kind: sync, events."""
        self.closes: Tally[tuple[str, int]] = Tally()
        """Sockets that we closed, by kind and code."""
        self._gauges: dict[str, tuple[str, Callable[[], float]]] = {}
        self._families: dict[str, tuple[str, str, Callable[[], Mapping[str, float]]]] = {}

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def gauge(self, name: str, help: str, value: Callable[[], float]) -> None:
        """Show ``value()`` at each scrape."""
        self._gauges[name] = (help, value)

    def gauges(self, name: str, help: str, label: str, values: Callable[[], Mapping[str, float]]) -> None:
        """Show ``values()`` at each scrape, each under the value of its ``label``."""
        self._families[name] = (help, label, values)

    def collect(self) -> Iterator[Metric]:
        yield CounterMetricFamily("scriptorium_sync_frames_received", "Frames from clients", self.frames_received)
        yield CounterMetricFamily("scriptorium_sync_bytes_received", "Bytes from clients", self.bytes_received)
        frames_sent, bytes_sent = protocol.totals()
        yield CounterMetricFamily("scriptorium_sync_frames_sent", "Frames to clients", frames_sent)
        yield CounterMetricFamily("scriptorium_sync_bytes_sent", "Bytes to clients", bytes_sent)
        yield CounterMetricFamily(
            "scriptorium_sync_throttled_seconds", "Time that too fast clients were not read", self.throttled_seconds
        )
        sockets = GaugeMetricFamily("scriptorium_sockets", "Open sockets", labels=["kind"])
        for kind, count in self.sockets.items():
            sockets.add_metric([kind], count)
        yield sockets
        closes = CounterMetricFamily(
            "scriptorium_socket_closes", "Sockets closed by the server", labels=["kind", "code"]
        )
        for (kind, code), count in self.closes.items():
            closes.add_metric([kind, str(code)], count)
        yield closes
        for name, (meaning, value) in self._gauges.items():
            yield GaugeMetricFamily(f"scriptorium_{name}", meaning, value())
        for name, (meaning, label, values) in self._families.items():
            family = GaugeMetricFamily(f"scriptorium_{name}", meaning, labels=[label])
            for each, figure in values().items():
                family.add_metric([each], figure)
            yield family

    def text(self) -> bytes:
        """In Prometheus' exposition format."""
        return generate_latest(REGISTRY) + generate_latest(self._registry)
