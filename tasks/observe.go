package tasks

import (
	"log/slog"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/keylimit"
	"github.com/flowgate-go/flowgate/internal/router/metric"
	"github.com/flowgate-go/flowgate/internal/router/settings"
	"github.com/flowgate-go/flowgate/internal/router/telemetry"
	"github.com/flowgate-go/flowgate/internal/usage/ledger"
	"github.com/flowgate-go/flowgate/internal/usage/price"
	"github.com/flowgate-go/flowgate/internal/usage/record"
)

// observers are told of each request of the embedded router.
type observers struct {
	keys      *keylimit.Limiter // nil: there is no folder of keys
	metrics   *metric.Registry
	rows      *ledger.Writer // nil: no ledger is kept
	prices    *price.Pricer
	telemetry *telemetry.Exporter // nil: the configuration names no collector
}

// openObservers opens what observes a router with these settings. close must be called.
func openObservers(loaded *settings.Settings, keyFolder string, usage usageLedger, log *slog.Logger) observers {
	o := observers{metrics: metric.New(loaded), prices: usage.pricer(loaded, log)}
	if usage.folder != "" {
		o.rows = usage.start(log)
	}
	if keyFolder != "" {
		o.keys = keylimit.Open(keyFolder, keylimit.Options{Logger: log, SpendFolder: usage.folder})
	}
	if loaded.Telemetry {
		o.telemetry = startTelemetry(loaded, o.metrics.Model, log)
	}
	return o
}

// startTelemetry starts to send telemetry; nil, after a warning, when it is not known where to.
func startTelemetry(
	loaded *settings.Settings, model func(*record.Request) string, log *slog.Logger,
) *telemetry.Exporter {
	c, err := telemetry.Read(loaded.Getenv)
	if err != nil {
		log.Warn("no telemetry is sent", "code", "telemetry-unconfigured", "error", err.Error())
		return nil
	}
	log.Info("telemetry is sent", "service", c.ServiceName)
	return telemetry.Start(c, telemetry.Options{Logger: log, Getenv: loaded.Getenv, BoundModel: model})
}

// attach has a router tell the observers: first who knows prices.
func (o observers) attach(to *router.Options) {
	to.Keys, to.Metrics = o.keys, o.metrics
	rows := recorders{o.prices.Price, o.keys.Count, o.metrics.Count, o.telemetry.Record}
	if o.rows != nil {
		rows = append(rows, o.rows.Add)
	}
	to.Recorder = rows.record
}

// close writes and sends what is left. Their errors are logged by the observers themselves.
func (o observers) close() {
	_ = o.keys.Close()
	if o.rows != nil {
		_ = o.rows.Close()
	}
	_ = o.telemetry.Close()
}
