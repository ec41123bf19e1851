# Completion of postern(8) for fish; see postern.bash.
function __postern_commands
    postern help --words | string split -f 1 ' '
end
function __postern_words
    set -l said (commandline -opc)
    switch $said[-1]
        case --state
            string split ' ' 'ready active later hold dead bad'
        case --sort
            string split ' ' 'arrival size sender user state next attempts'
        case help
            __postern_commands
        case '*'
            postern help --words | string replace -r -f "^$said[2] " '' | string split ' '
    end
end
complete -c postern -f
complete -c postern -n __fish_use_subcommand -a '(__postern_commands)'
complete -c postern -n 'not __fish_use_subcommand' -a '(__postern_words)'
