package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"

	"cloakroom/bff"
)

// flushTimeout is how long the end of the program waits for a collector that does not answer.
const flushTimeout = 5 * time.Second

// traced gives the configuration a tracer, if it says where spans go. flush sends what is not sent yet; call it when no
// request is under way. Exporter, batches, sampler and resource read the standard OTEL_ variables.
func traced(ctx context.Context, cfg bff.Config, log *slog.Logger) (_ bff.Config, flush func(), err error) {
	if cfg.Telemetry.TracesEndpoint == "" {
		return cfg, func() {}, nil
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(cfg.Telemetry.TracesEndpoint))
	if err != nil {
		return cfg, nil, fmt.Errorf("telemetry.traces_endpoint: %w", err)
	}
	service, err := resource.New(ctx, resource.WithTelemetrySDK(),
		resource.WithAttributes(attribute.String("service.name", "cloakroom-bff")), resource.WithFromEnv())
	if err != nil {
		return cfg, nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES, OTEL_SERVICE_NAME: %w", err)
	}
	// A collector that is down is told of, and stops nothing.
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("spans not exported", "error", err) }))
	provider := sdk.NewTracerProvider(sdk.WithBatcher(exporter), sdk.WithResource(service))
	flush = func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTimeout)
		defer cancel()
		if err := provider.Shutdown(ctx); err != nil {
			log.Warn("spans not exported", "error", err)
		}
	}
	return cfg.WithTracer(provider.Tracer("cloakroom/bff")), flush, nil
}
