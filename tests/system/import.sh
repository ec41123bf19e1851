# shellcheck shell=bash disable=SC2034
# import.sh - other systems' files below a root of their own, and what postern
# import makes of them.  Sourced behind lib.sh.

ROOT=$TMP/root
TO=$TMP/to
OUT=$TMP/out
ALL=$TMP/all			# whatever any of the commands said

put() {		# PATH: a file below the root, from standard input
	mkdir -p "$(dirname "$ROOT$1")"
	cat > "$ROOT$1"
}

import() {	# WORD…: STATUS; its words in OUT
	"$BUILD/postern" import --root "$ROOT" "$@" > "$OUT" 2>&1 < /dev/null
	STATUS=$?
	cat "$OUT" >> "$ALL"
}

says() {	# a fixed text
	grep -qF -- "$1" "$OUT"
}

conf_says() {	# an extended pattern, over the blanks between value and comment
	tr -s ' ' < "$TO/postern.conf" | grep -qE -- "$1"
}

# takes_over SOURCE PASSWORD… : written, checked, and shown to nobody.
takes_over() {
	local source=$1 password file
	shift
	rm -rf "$TO"
	mkdir -p "$TO"
	import "$source"
	is "$source: prints" "$STATUS" 0
	check "$source: writes nothing unless it is told to" test -z "$(ls -A "$TO")"
	import "$source" --write --to "$TO"
	is "$source: writes" "$STATUS" 0
	cat "$TO/postern.conf" >> "$ALL"
	# Where there is no user postern the files are root's, and the daemon is not asked after.
	if "$BUILD/postern" check "$TO/postern.conf" > "$OUT" 2>&1; then
		ok "$source: passes the check"
	else
		not_ok "$source: passes the check" "$(cat "$OUT" "$TO/postern.conf")"
	fi
	for password; do
		file=$(grep -lxF -- "$password" "$TO"/*.password | head -n 1)
		check "$source: a password is in a file of its own" test -n "$file"
		case $(stat -c %a "$file") in
		640|600) ok "$source: that others cannot read" ;;
		*)       not_ok "$source: that others cannot read" "$(stat -c %a "$file")" ;;
		esac
		PASSWORDS+=("$password")
	done
}
PASSWORDS=()

# Called at the end: none of PASSWORDS was printed, or written into a configuration.
keeps_secrets() {
	local password leaked=
	for password in "${PASSWORDS[@]}"; do
		! grep -qF -- "$password" "$ALL" || leaked=$password
	done
	is 'no password was printed, or written into a configuration' "$leaked" ''
}
