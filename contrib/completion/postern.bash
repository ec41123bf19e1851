# Completion of postern(8) for bash.  Commands and options are its own word
# ("postern help --words"), so nothing here has to follow it.
# shellcheck shell=bash
_postern() {
	local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]}

	if test "$COMP_CWORD" -eq 1; then
		mapfile -t COMPREPLY < <(compgen -W "$(postern help --words | cut -d ' ' -f 1)" -- "$word")
		return
	fi
	case ${COMP_WORDS[COMP_CWORD - 1]} in
	--state) mapfile -t COMPREPLY < <(compgen -W 'ready active later hold dead bad' -- "$word") ;;
	--sort)  mapfile -t COMPREPLY < <(compgen -W 'arrival size sender user state next attempts' -- "$word") ;;
	help)    mapfile -t COMPREPLY < <(compgen -W "$(postern help --words | cut -d ' ' -f 1)" -- "$word") ;;
	*)       mapfile -t COMPREPLY < <(compgen -W "$(postern help --words | sed -n "s/^$command //p")" -- "$word") ;;
	esac
}
complete -o default -F _postern postern
