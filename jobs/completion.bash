# shellcheck shell=bash
# Completion for bash. The jobs, their options and the words that an option takes
# come from the program's own help, so nothing here grows old. Installed with
# coracle; from a clone: . jobs/completion.bash

# _coracle_words PROGRAM CURRENT JOB OPTION: what may stand here, one a line.
_coracle_words() {
    local program=$1 current=$2 job=$3 option=$4
    if [ -z "$job" ]; then
        "$program" --help 2>/dev/null | sed -n 's/^  \([a-z][a-z-]*\)  .*/\1/p'
        [[ $current == -* ]] && printf '%s\n' --help --version
    elif [[ $option == --* && $current != -* ]]; then
        # Words that the help writes as "--option one|two".
        "$program" "$job" --help 2>/dev/null |
            sed -n "s/^  \(-., \)\{0,1\}$option \([a-z0-9-]*|[a-z0-9|-]*\).*/\2/p" |
            tr '|' '\n'
    elif [[ $current == -* ]]; then
        "$program" "$job" --help 2>/dev/null |
            sed -n 's/^  \(-., \)\{0,1\}\(--[a-z-]*\).*/\2/p'
    fi
}

_coracle() {
    local current=${COMP_WORDS[COMP_CWORD]} job='' option=''
    [ "$COMP_CWORD" -gt 1 ] && job=${COMP_WORDS[1]}
    [ "$COMP_CWORD" -gt 2 ] && option=${COMP_WORDS[COMP_CWORD - 1]}
    mapfile -t COMPREPLY < <(compgen -W \
        "$(_coracle_words "$1" "$current" "$job" "$option")" -- "$current")
}

# Where nothing fits, file names.
complete -o default -o bashdefault -F _coracle coracle
