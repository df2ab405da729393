"""Prometheus metrics in a registry of our own."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from hub_kit.telemetry.metric_defs import CATALOGUE, CounterDef, GaugeDef, HistogramDef, MetricDef


class Metrics:
    """The metrics of one process; pass it to whoever counts.

    Label values are given in the order of the definition's labels. A metric that is in no catalogue given here raises
    KeyError at its first use.
    """

    def __init__(self, *extra: Iterable[MetricDef], process: bool = True) -> None:
        self.registry = CollectorRegistry()
        self._counters: dict[MetricDef, Counter] = {}
        self._gauges: dict[MetricDef, Gauge] = {}
        self._histograms: dict[MetricDef, Histogram] = {}
        if process:
            ProcessCollector(registry=self.registry)
        for catalogue in (CATALOGUE, *extra):
            for definition in catalogue:
                self._register(definition)

    def _register(self, definition: MetricDef) -> None:
        name, text, labels, registry = definition.name, definition.help, definition.labels, self.registry
        if isinstance(definition, CounterDef):
            self._counters[definition] = Counter(name, text, labels, registry=registry)
        elif isinstance(definition, HistogramDef):
            buckets = definition.buckets
            self._histograms[definition] = Histogram(name, text, labels, registry=registry, buckets=buckets)
        else:
            self._gauges[definition] = Gauge(name, text, labels, registry=registry)

    def inc(self, definition: CounterDef, *labels: str, amount: float = 1) -> None:
        """Add to a counter."""
        counter = self._counters[definition]
        (counter.labels(*labels) if labels else counter).inc(amount)

    def set(self, definition: GaugeDef, value: float, *labels: str) -> None:
        """Set a gauge."""
        gauge = self._gauges[definition]
        (gauge.labels(*labels) if labels else gauge).set(value)

    def replace(self, definition: GaugeDef, values: dict[tuple[str, ...], float]) -> None:
        """Set a labelled gauge to exactly `values`: label combinations not given disappear."""
        gauge = self._gauges[definition]
        gauge.clear()
        for labels, value in values.items():
            gauge.labels(*labels).set(value)

    def observe(self, definition: HistogramDef, value: float, *labels: str) -> None:
        """Add an observation to a histogram."""
        histogram = self._histograms[definition]
        (histogram.labels(*labels) if labels else histogram).observe(value)

    def value(self, definition: MetricDef, *labels: str) -> float:
        """The present value of a counter or gauge, the number of observations of a histogram; 0 when never used."""
        suffix = "_count" if isinstance(definition, HistogramDef) else ""
        sample = self.registry.get_sample_value(
            definition.name + suffix, dict(zip(definition.labels, labels, strict=True))
        )
        return sample or 0.0

    def render(self) -> tuple[bytes, str]:
        """The exposition text and its content type."""
        return generate_latest(self.registry), CONTENT_TYPE_LATEST
