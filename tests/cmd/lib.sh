# What the tests of commands share: a scratch folder, cases as lines that tools/run-tests counts.
# shellcheck shell=bash
set -u
build=${NEEDLEDROP_BUILD:-$PWD/build}
nd=$build/needledrop
scratch=$(mktemp -d "${TMPDIR:-/tmp}/needledrop-test.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
n_failed=0

pass() { echo "pass $1"; }
fail() { echo "FAIL $1: $2"; n_failed=$((n_failed + 1)); }
skip() { echo "skip $1: $2"; }

# check NAME COMMAND...: passes where COMMAND succeeds
check() {
    local name=$1; shift
    if "$@" > "$scratch/check.log" 2>&1; then pass "$name"
    else fail "$name" "$* failed: $(head -c 300 "$scratch/check.log" | tr '\n' ' ')"; fi
}

# run STATUS NAME ARGS...: needledrop ARGS ends with STATUS; its output is left in $scratch/out and
# $scratch/err. A crash or a sanitizer report is a failure whatever the status.
run() {
    local expected=$1 name=$2; shift 2
    timeout 300 "$nd" "$@" > "$scratch/out" 2> "$scratch/err" < /dev/null
    local status=$?
    if [ $status != "$expected" ]; then
        fail "$name" "exit status $status, expected $expected: $(head -c 300 "$scratch/err" | tr '\n' ' ')"
    elif grep -qE 'Sanitizer|runtime error|broken promise' "$scratch/err"; then
        fail "$name" "$(grep -m 1 -E 'Sanitizer|runtime error|broken promise' "$scratch/err")"
    else pass "$name"; fi
}

# one_line NAME PATTERN: stderr of the last run is one line that has PATTERN in it
one_line() {
    if [ "$(wc -l < "$scratch/err")" = 1 ] && grep -qE -- "$2" "$scratch/err"; then pass "$1"
    else fail "$1" "one line with /$2/ expected, found: $(head -c 400 "$scratch/err" | tr '\n' '|')"; fi
}

# json FILTER FILE: evaluate a Python-free path: prints the value of a top-level number or string
json_value() { sed -n "s/.*\"$1\": *\"\{0,1\}\([^,\"}]*\).*/\1/p" "$2" | head -n 1; }

finish() { exit $((n_failed > 0)); }

# A corpus of seven pairs of made media in folder $1, its files in the arrays music and video: tags calm and happy, six
# tracks of which the last is of no pair.
small_corpus() {
    run 0 media synth media "$scratch/made" --tracks 6 --videos 4 --music-length 12 --video-length 9 -q
    mkdir -p "$1"
    music=("$scratch"/made/music/*)
    video=("$scratch"/made/video/*)
    # ID VIDEO MUSIC TAG SPLIT
    while read -r id v m tag split; do
        printf '{"id": "%s", "video": "%s", "music": "%s", "start_s": 0, "tags": ["%s"], ' \
            "$id" "${video[v]}" "${music[m]}" "$tag"
        printf '"music_tags": ["%s"], "split": "%s"}\n' "$tag" "$split"
    done > "$1/corpus.jsonl" << 'END_PAIRS'
a 0 0 calm train
b 1 1 calm train
c 0 1 happy train
d 1 0 happy train
e 2 2 calm val
f 2 3 calm test
g 3 4 happy test
END_PAIRS
}
