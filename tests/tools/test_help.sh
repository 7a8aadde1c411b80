# The manual page and the completion that are made from --help, with a program that says little.
set -u
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
program=$folder/needledrop

cat > "$program" << 'END'
#!/bin/sh
case "${1:-}" in
--version) echo "needledrop 1.2.3" ;;
--help) printf '%s\n' 'usage: needledrop COMMAND [OPTION...] ...' '' 'Pick music.' '' 'commands:' \
    '  index       analyse music' '  recommend   rank tracks' '' 'Every command has --help.' ;;
index) printf '%s\n' 'usage: needledrop index [OPTION...] LIBRARY PATH...' '' 'Analyse music.' \
    ".a line with a dot, a back\\slash, a 'quote" "'and one in front" '' 'options:' \
    '  -j, --jobs N         worker processes' '      --json           one JSON object' '' \
    'example:' '  needledrop index music.nd ~/Music' ;;
recommend) printf '%s\n' 'usage: needledrop recommend LIBRARY VIDEO' '' 'Rank.' '' 'options:' \
    '  -k N                 how many' '      --render=FILE    write it' ;;
esac
END
chmod +x "$program"

# check NAME EXPECTED FOUND
check() {
    if [ "$2" = "$3" ]; then echo "pass $1"; else echo "FAIL $1: expected '$2', found '$3'"; fi
}

tools/make-man "$folder/absent" > /dev/null 2>&1 && check "man of no program" failure success
tools/make-completion /bin/true > /dev/null 2>&1 && check "completion of a silent program" failure success

page=$folder/needledrop.1
tools/make-man "$program" > "$page"
check "man: title" '.TH NEEDLEDROP 1 "" "needledrop 1.2.3" "User Commands"' "$(sed -n 2p "$page")"
check "man: name" 'needledrop \- pick music' "$(grep -A 1 '^.SH NAME' "$page" | tail -n 1)"
check "man: a section for each command" 2 "$(grep -c '^\.SS needledrop ' "$page")"
check "man: an option" 'worker processes' "$(grep -A 1 '^\.B .*jobs N$' "$page" | tail -n 1)"
check "man: dots and quotes in front are text" 2 "$(grep -cE "^\\\\&(\.a line|'and)" "$page")"
if command -v groff > /dev/null; then
    check "man: groff warns of nothing" "" "$(groff -ww -man -Tutf8 "$page" 2>&1 > /dev/null)"
    check "man: the text comes out as it went in" 1 \
        "$(groff -man -Tutf8 -P-c "$page" | tr -s ' \n' ' ' | grep -cF "a back\\slash, a 'quote 'and one")"
else
    echo "skip man: groff warns of nothing: no groff"
fi

tools/make-completion "$program" > "$folder/completion"
# shellcheck disable=SC1091
. "$folder/completion"
complete_words() {
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _needledrop
    echo "${COMPREPLY[*]}"
}
check "completion: commands" "index recommend --help --version" "$(complete_words needledrop '')"
check "completion: a command's beginning" recommend "$(complete_words needledrop re)"
check "completion: options" "-j --jobs --json" "$(complete_words needledrop index -)"
check "completion: options of another" "-k --render" "$(complete_words needledrop recommend -)"
check "completion: file names are bash's" "" "$(complete_words needledrop index mus)"
check "completion: unknown command" "" "$(complete_words needledrop what --)"
