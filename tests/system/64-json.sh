#!/usr/bin/env bash
# Each command's document has the names that the manual promises, and no others.
. "$SYSTEM/lib.sh"

POSTERN=$BUILD/postern
MANUAL=$SYSTEM/../../src/postern/postern.8

if ! command -v python3 > /dev/null; then
	skip 'json' 'needs python3'
	exit 0
fi

document() {	# NAME ARGUMENT…: in $TMP/NAME.json
	"$POSTERN" "${@:2}" > "$TMP/$1.json" 2>> "$TMP/json.err" < /dev/null
}

documented() {	# COMMAND NAME…
	local command=$1 files=() name
	shift
	for name; do
		files+=("$TMP/$name.json")
	done
	is "the manual has what $command --json says" "$(python3 "$SYSTEM/documented.py" "$MANUAL" "$command" "${files[@]}" 2>&1)" ''
}

listed() {	# STATE: the ID of one
	document found queue --state "$1" --json
	python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["messages"][0]["id"])' "$TMP/found.json"
}

start_secure_upstream up implicit --fault 'rcpt:late*@*:450 4.2.1 later' --fault 'rcpt:eve@*:550 5.1.1 who is that'
write_conf "$(relay up "$UP_PORT" implicit 'messages-per-day = 1000')" \
    'relay spare { host = "127.0.0.1"  port = 1  tls = "none" }'
start_posternd

document down-not status --json
printf 'Subject: json\n\nhello\n' | "$BUILD/sendmail" -i -f alice@example.com late@example.net bob@example.net
check 'one waits' wait_for 30 listed later
id=$(listed later)
document hold-dry hold --dry-run --json "$id"
document hold hold --json "$id" 0000000000000001
mkdir -p "$TMP/log"
printf 'Nov 27 here posternd: %s: to=<x>\n' "$id" > "$TMP/log/mail.log"
export POSTERN_LOG=$TMP/log

document status status --json
documented status down-not status
document queue queue --json
documented queue queue
document show show --json --body "$id"
documented show show
document log log --json "$id"
document log-gone log --json 0000000000000001
documented log log log-gone
documented hold hold hold-dry

document pause pause --json spare 1h
document pause-none pause --json sparse
document resume resume --json spare
document reload reload --json
document flush flush --json
documented flush pause pause-none resume reload flush
is 'pause --json: why not' \
    "$(python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); print(d["action"], d["relay"], d["exit"], "spare" in d["error"])' \
    "$TMP/pause-none.json")" 'pause sparse 65 True'

if test "$(id -u)" -eq 0; then
	document test test --json --relay up bob@example.net
	document test-refused test --json --relay up eve@example.net
	document test-tls test --json --tls --relay up
	write_password wrong
	document test-login test --json --relay up bob@example.net
	# What is told when a delivery begins anew, no quiet server brings about.
	is 'the manual has what test --json says' \
	    "$(python3 "$SYSTEM/documented.py" "$MANUAL" test "$TMP"/test*.json 2>&1)" '-again'
	document check check --online --json
	documented check check
else
	skip 'test and check --online' 'needs root'
fi
