#!/bin/sh
# The two sample calls of the authorization code flow's documentation, with only the host replaced, and between them what a
# person does in a browser: sign in and consent. Prints the token response. Needs curl and a running product (make run).
#
# ISSUER, CLIENT_ID, CLIENT_SECRET, USERNAME and PASSWORD override the demo's.
set -eu

ISSUER=${ISSUER:-http://localhost:9000/demo/baseline}
CLIENT_ID=${CLIENT_ID:-docs-client}
CLIENT_SECRET=${CLIENT_SECRET:-docs-secret}
USERNAME=${USERNAME:-alice}
PASSWORD=${PASSWORD:-wonderland}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
browser="--silent --show-error --max-time 20 --cookie $work/cookies --cookie-jar $work/cookies"

die() {
	echo "sample-calls: $1" >&2
	exit 1
}

# attribute NAME ELEMENT: the value of an element's attribute on the last page. The element is given by a part of its tag.
attribute() {
	tr '\n>' '  ' <"$work/page" | sed 's/</\n</g' | grep -F "$2" | head -n 1 | sed -n "s/.*[[:space:]]$1=\"\([^\"]*\)\".*/\1/p" |
		sed 's/&#43;/+/g; s/&amp;/\&/g; s/&#39;/'"'"'/g'
}

# absolute ADDRESS: what a browser makes of a form's action.
absolute() {
	case $1 in
	http*) echo "$1" ;;
	*) echo "$(echo "$ISSUER" | sed 's|\(https*://[^/]*\).*|\1|')$1" ;;
	esac
}

echo "Step 2: call the authorize endpoint." >&2
# shellcheck disable=SC2086
curl $browser --location \
	--get \
	--url "$ISSUER/oauth2/authorize" \
	--data-urlencode "response_type=code" \
	--data-urlencode "client_id=$CLIENT_ID" \
	--output "$work/page"

echo "Step 4: sign in." >&2
action=$(attribute action '<form')
[ -n "$action" ] || die "no form came back: $(head -c 500 "$work/page")"
# shellcheck disable=SC2086
curl $browser --location \
	--url "$(absolute "$action")" \
	--data-urlencode "csrf=$(attribute value 'name="csrf"')" \
	--data-urlencode "username=$USERNAME" \
	--data-urlencode "password=$PASSWORD" \
	--output "$work/page"

echo "Step 4: consent." >&2
grep -q 'consent_allow' "$work/page" || die "no consent page came back: $(head -c 500 "$work/page")"
# shellcheck disable=SC2086
location=$(curl $browser \
	--url "$(absolute "$(attribute action '<form')")" \
	--data-urlencode "csrf=$(attribute value 'name="csrf"')" \
	--data-urlencode "$(attribute name 'id="consent_allow"')=$(attribute value 'id="consent_allow"')" \
	--output /dev/null --write-out '%{redirect_url}')

echo "Step 5: the code arrives at the redirect URI." >&2
CODE=$(echo "$location" | sed -n 's/.*[?&]code=\([^&]*\).*/\1/p')
[ -n "$CODE" ] || die "no code in $location"

echo "Steps 6 to 8: send the code to the token endpoint." >&2
curl --silent --show-error --fail-with-body --max-time 20 --request POST \
	--url "$ISSUER/oauth/token" \
	--data-raw "grant_type=authorization_code&code=$CODE&client_id=$CLIENT_ID&client_secret=$CLIENT_SECRET"
echo
