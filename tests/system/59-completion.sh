#!/usr/bin/env bash
# The completions of contrib/, each by its own shell: what a word that is begun
# becomes at a tab.
. "$SYSTEM/lib.sh"

FILES=$SYSTEM/../../contrib/completion

# The words are the real command's; whatever else it is told it says back.
mkdir -p "$TMP/bin" "$TMP/home"
cat > "$TMP/bin/postern" <<-END
	#!/bin/sh
	test "\$1 \$2" != 'help --words' || exec "$BUILD/postern" help --words
	echo "<\$*>"
END
chmod 755 "$TMP/bin/postern"
export PATH=$TMP/bin:$PATH HOME=$TMP/home

rows() {	# what is typed, and what it becomes
	cat <<-'END'
		dele|delete
		requ|requeue
		delete --dry|delete --dry-run
		requeue --from-r|requeue --from-relay
		check --onl|check --online
		help requ|help requeue
		queue --state lat|queue --state later
		queue --sort siz|queue --sort size
	END
}

# judge SHELL: a line of standard input for each row, what became of it.
judge() {
	local typed wanted got
	while IFS='|' read -r typed wanted; do
		read -r got <&3
		is "$1: $typed" "$got" "$wanted"
	done 3<&0 < <(rows)
}

# On a terminal, as a person: each row with a tab and a return behind it.
types() {	# SHELL ARGUMENT…
	local keys
	keys=$(rows | sed $'s/|.*/\t/; s/^/postern /'; echo exit)
	$PYTHON "$SYSTEM/terminal.py" 'ready> ' "$keys"$'\n' "$@" | tr -d '\r' | sed -n 's/^<\(.*\)>$/\1/p'
}

PYTHON=python3
test ! -x /usr/bin/python3 || PYTHON=/usr/bin/python3
if command -v $PYTHON > /dev/null; then
	printf '%s\n' "PS1='ready> '" "bind 'set enable-bracketed-paste off'" "source '$FILES/postern.bash'" > "$TMP/bashrc"
	judge bash < <(types bash --noprofile --rcfile "$TMP/bashrc" -i)
else
	skip 'bash' 'needs python3, for a terminal'
fi

if command -v zsh > /dev/null && command -v $PYTHON > /dev/null; then
	printf '%s\n' "fpath=('$FILES' \$fpath)" 'autoload -Uz compinit' 'compinit -D -u' \
	    "zstyle ':completion:*' insert-tab false" "PS1='ready> '" > "$TMP/home/.zshrc"
	judge zsh < <(ZDOTDIR=$TMP/home types zsh -d -i)
else
	skip 'zsh' 'needs zsh and python3'
fi

# It tells the words that fit, and nobody has to type.
in_fish() {	# TYPED
	# shellcheck disable=SC2016
	fish --no-config -c 'source $argv[1]/postern.fish; complete -C "postern $argv[2]"' "$FILES" "$1" < /dev/null |
	    tr '\n' ' ' | sed 's/ $//'
}
if command -v fish > /dev/null; then
	judge fish < <(rows | while IFS='|' read -r typed wanted; do
		before=${typed% *}
		test "$before" != "$typed" || before=
		echo "$before${before:+ }$(in_fish "$typed")"
	done)
else
	skip 'fish' 'there is no fish'
fi
