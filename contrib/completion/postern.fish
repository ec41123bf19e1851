# Completion of postern(8) for fish; see postern.bash.
function __postern_words
    postern help --words | string replace -r -f "^$argv[1] " '' | string split ' '
end
complete -c postern -f
complete -c postern -n __fish_use_subcommand -a '(postern help --words | string split -f 1 " ")'
complete -c postern -n 'not __fish_use_subcommand' -a '(__postern_words (commandline -opc)[2])'
complete -c postern -n '__fish_seen_subcommand_from help' -a '(postern help --words | string split -f 1 " ")'
