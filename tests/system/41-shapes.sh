#!/usr/bin/env bash
# Messages of every shape, to an upstream that offers everything and to one
# that offers nothing: the table is shapes.py.
. "$SYSTEM/lib.sh"

if ! command -v python3 > /dev/null; then
	skip shapes 'python3 is not installed'
	exit
fi

shapes() {	# NAME SMALL [UPSTREAM OPTION…]
	local name=$1 small=$2
	shift 2
	start_secure_upstream "$name" implicit "$@"
	write_conf 'local-mail = "ops@example.com"' "$(relay up "$UP_PORT" implicit)"
	start_posternd
	python3 "$SYSTEM/shapes.py" "$BUILD/sendmail" "$POSTERN_SPOOL" "$TMP/$name.mail" "$name" "$small" ||
		not_ok "$name" "shapes.py ended with $?"
	stop_posternd
	stop "$UP_PID"
	check "$name: the spool is empty" drained
}

export PYTHONDONTWRITEBYTECODE=1
shapes everything -
shapes bare SMALL --no-8bitmime --no-chunking --no-smtputf8 --no-pipelining
