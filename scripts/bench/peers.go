package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"cloakroom/scripts/visitor"
)

// nginxConfig passes everything on and checks nothing (goal P3).
const nginxConfig = `
daemon off;
user www-data;
worker_processes auto;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  keepalive_requests 10000000;
  upstream api { server {upstream}; keepalive 512; keepalive_requests 10000000; }
  server {
    listen 127.0.0.1:{port};
    location / { proxy_pass http://api; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }
}
`

// apacheConfig has mod_auth_openidc with its sessions in the server's shared memory, and the access token sent to the API (goal P2).
const apacheConfig = `
ServerRoot {folder}
ServerName localhost
Listen 127.0.0.1:{port}
PidFile {folder}/apache.pid
ErrorLog {folder}/error.log
User www-data
Group www-data
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authn_core_module /usr/lib/apache2/modules/mod_authn_core.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule authz_user_module /usr/lib/apache2/modules/mod_authz_user.so
LoadModule headers_module /usr/lib/apache2/modules/mod_headers.so
LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so
LoadModule auth_openidc_module /usr/lib/apache2/modules/mod_auth_openidc.so
KeepAlive On
MaxKeepAliveRequests 0
ThreadsPerChild 64
MaxRequestWorkers 256
OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCClientID bench
OIDCClientSecret {secret}
OIDCRedirectURI http://localhost:{port}/bff/callback/baseline
OIDCCryptoPassphrase {secret}
OIDCCacheType shm
OIDCPKCEMethod S256
OIDCScope "openid offline_access notes.read"
<Location />
  AuthType openid-connect
  Require valid-user
  RequestHeader set Authorization "expr=Bearer %{env:OIDC_access_token}"
</Location>
ProxyPass /bff !
ProxyPass / http://{upstream}/ enablereuse=on keepalive=on
`

// startNginx and startApache run the peers that Debian packages, on free ports and with folders of their own.
func startNginx(ctx context.Context, upstream string) (*target, func(), error) {
	port, err := freePort(ctx)
	if err != nil {
		return nil, nil, err
	}
	return startServer(ctx, "nginx", port, []string{"nginx", "-c"}, filled(nginxConfig, map[string]string{"port": port, "upstream": hostOf(upstream)}))
}

func startApache(ctx context.Context, upstream, profiles string) (*target, func(), error) {
	port, err := freePort(ctx)
	if err != nil {
		return nil, nil, err
	}
	issuer, stopIssuer, err := start(ctx, "as", "http://localhost:"+port, profiles)
	if err != nil {
		return nil, nil, err
	}
	server, stopServer, err := startServer(ctx, "apache", port, []string{"apache2", "-D", "FOREGROUND", "-f"}, filled(apacheConfig, map[string]string{
		"port": port, "upstream": hostOf(upstream), "issuer": issuer.url, "secret": environment("SECRET"),
	}))
	if err != nil {
		stopIssuer()
		return nil, nil, err
	}
	return server, func() { stopServer(); stopIssuer() }, nil
}

// signInAtApache visits the protected address as a browser does: the sign-in is on the way.
func signInAtApache(ctx context.Context, server *target) error {
	person := visitor.New(nil)
	if err := person.Visit(ctx, server.url+"/notes"); err != nil {
		return err
	}
	if err := person.Submit(ctx, "login", map[string]string{"username": "alice", "password": "wonderland"}); err != nil {
		return err
	}
	server.headers = []string{"Cookie: " + person.Cookie("localhost")}
	return nil
}

func filled(config string, values map[string]string) string {
	for name, value := range values {
		config = strings.ReplaceAll(config, "{"+name+"}", value)
	}
	return config
}

// startServer writes the configuration to a folder that goes with the server, and waits until the server listens. The server and its
// children are a process group of their own.
func startServer(ctx context.Context, name, port string, command []string, config string) (*target, func(), error) {
	folder, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, nil, err
	}
	file := filepath.Join(folder, "server.conf")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(config, "{folder}", folder)), 0o600); err != nil {
		return nil, nil, err
	}
	server := exec.CommandContext(ctx, command[0], append(command[1:], file)...)
	server.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := server.Start(); err != nil {
		return nil, nil, err
	}
	stop := func() {
		_ = syscall.Kill(-server.Process.Pid, syscall.SIGTERM)
		_ = server.Wait()
		_ = os.RemoveAll(folder)
	}
	if err := listens(ctx, port); err != nil {
		stop()
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	return &target{name: name, url: "http://localhost:" + port, process: server.Process, group: true}, stop, nil
}

func freePort(ctx context.Context) (string, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer func() { _ = listener.Close() }()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	return port, err
}

func listens(ctx context.Context, port string) error {
	for range 100 {
		connection, err := new(net.Dialer).DialContext(ctx, "tcp", "127.0.0.1:"+port)
		if err == nil {
			return connection.Close()
		}
		time.Sleep(50 * time.Millisecond)
	}
	return fmt.Errorf("nothing listens on port %s", port)
}

// hostOf is the address of one of our servers by number: peers may resolve localhost to another address first.
func hostOf(origin string) string {
	return strings.Replace(strings.TrimPrefix(origin, "http://"), "localhost", "127.0.0.1", 1)
}
