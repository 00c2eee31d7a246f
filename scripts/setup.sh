#!/bin/sh
# Installs what `make test` needs and this machine lacks, or ends with an error that names the package.
set -eu

need() { # need COMMAND PACKAGE
	if command -v "$1" >/dev/null 2>&1; then return; fi
	if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
		if [ -z "${updated-}" ]; then
			apt-get update -qq
			updated=yes
		fi
		echo "setup: installing $2"
		if DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$2" >/dev/null; then return; fi
	fi
	echo "setup: '$1' is missing: install the package '$2' and run again" >&2
	exit 1
}

need gcc gcc # the race detector links with it
need curl curl
need chromium chromium
need node nodejs # someone else's clients run on it
need npm npm
PATH="$PATH:$(echo /usr/lib/postgresql/*/bin | tr ' ' ':')" # where Debian puts initdb
need initdb postgresql
need redis-server redis-server
