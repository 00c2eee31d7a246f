package bff

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"reflect"
)

// Reload replaces the routes and the providers while requests are served: those under way end as they began, and all
// sessions stay. A configuration that is not valid, or that changes what only a restart can change, changes nothing, and
// the error says everything that is wrong with it.
func (b *BFF) Reload(ctx context.Context, cfg Config) error {
	err := b.reload(cfg)
	outcome, attributes := auditOK, []slog.Attr{slog.Int("routes", len(cfg.Routes)), slog.Int("providers", len(cfg.Providers))}
	if err != nil {
		outcome, attributes = "kept", []slog.Attr{slog.String("cause", err.Error())}
	}
	b.audit(ctx, auditReload, outcome, attributes...)
	return err
}

func (b *BFF) reload(cfg Config) error {
	old := b.live.Load()
	if err := errors.Join(cfg.Validate(), old.cfg.mayBecome(cfg)); err != nil {
		return err
	}
	next := *old
	next.cfg = cfg
	if err := next.wire(old.providers); err != nil {
		return err
	}
	if !b.live.CompareAndSwap(old, &next) {
		return errors.New("another reload was faster")
	}
	old.proxy.closeIdle()
	return nil
}

// mayBecome names what differs and cannot be replaced while requests are served.
func (c Config) mayBecome(next Config) error {
	var problems []error
	for key, same := range map[string]bool{
		"origin": c.Origin == next.Origin, "listen": c.Listen == next.Listen, "admin_listen": c.AdminListen == next.AdminListen,
		"session": reflect.DeepEqual(c.Session, next.Session), "telemetry": c.Telemetry == next.Telemetry,
		"trace": reflect.DeepEqual(c.Trace, next.Trace),
	} {
		if !same {
			problems = append(problems, fmt.Errorf("%s: a change needs a restart", key))
		}
	}
	return errors.Join(problems...)
}

// wire makes what follows from the configuration's providers and routes. A provider that did not change keeps what it
// knows: its metadata, its keys, its nonces.
func (b *BFF) wire(known map[string]*provider) error {
	origin, err := url.Parse(b.cfg.Origin)
	if err != nil {
		return fmt.Errorf("origin: %w", err)
	}
	b.host, b.hsts, b.providers = origin.Host, origin.Scheme == "https", map[string]*provider{}
	if b.proxies, err = parseProxies(b.cfg.TrustedProxies); err != nil {
		return err
	}
	for i := range b.cfg.Providers {
		configured := &b.cfg.Providers[i]
		if old := known[configured.ID]; old != nil && reflect.DeepEqual(old.cfg, configured) {
			b.providers[configured.ID] = old
			continue
		}
		b.providers[configured.ID] = newProvider(configured, b.out, b.nonces, b.now)
	}
	if b.proxy, err = newProxy(b); err != nil {
		return err
	}
	b.router, b.patterns = b.newRouter(), patternsOf(b.endpoints())
	b.serveRoute = b.guarded(b.apiEndpoint())
	return nil
}
