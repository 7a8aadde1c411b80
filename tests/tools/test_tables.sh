# make tables with a program that only writes what it was asked for: what is called, in which order, and where its
# output goes; and the tool that puts a text between the markers of a page.
# shellcheck shell=bash
set -u
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# check NAME EXPECTED FOUND
check() {
    if [ "$2" = "$3" ]; then echo "pass $1"; else echo "FAIL $1: expected '$2', found '$3'"; fi
}

# ---- between markers --------------------------------------------------------------------------
printf 'one\n<b>\nold\n<e>\ntwo\n' > "$folder/page"
tools/put-between > /dev/null 2>&1 < /dev/null && check "put-between without a page" failure success
echo new | tools/put-between '<x>' '<e>' "$folder/page" > /dev/null 2>&1 && check "a marker that is not there" failure success
check "the page is as it was" "one <b> old <e> two" "$(tr '\n' ' ' < "$folder/page" | sed 's/ $//')"
echo new | tools/put-between '<b>' '<e>' "$folder/page"
check "between the markers" "one <b> new <e> two" "$(tr '\n' ' ' < "$folder/page" | sed 's/ $//')"

# ---- the tables ---------------------------------------------------------------------------------
build=$folder/build ladder=$folder/ladder
mkdir -p "$build" "$ladder/collected/corpus" "$ladder/himv/corpus"
cat > "$build/needledrop" << 'END_PROGRAM'
#!/bin/sh
all=$*
echo "$all" >> "$CALLS"
while [ $# -gt 0 ]; do
    case $1 in
    --csv | --plot) echo "a file" > "$2" ;;
    --no-train) echo "figures of $LADDER/x" ;;
    --plan) echo "a plan" ;;
    esac
    shift
done
case $all in *--no-train* | *--plan | extract*) exit 0 ;; esac
exit "${STATUS:-0}"
END_PROGRAM
chmod +x "$build/needledrop"
for world in collected himv; do
    for made in audit.json corpus/tags.json corpus/corpus.jsonl extract.json; do echo '{}' > "$ladder/$world/$made"; done
done
export CALLS=$folder/calls LADDER=$ladder SIZE=tiny SEEDS="1 2" JOBS=1 EPOCHS=3
# ran NAME COUNT PATTERN: so many calls
ran() { check "$1" "$2" "$(grep -cE -- "$3" "$CALLS")"; }

tools/tables "$build" > /dev/null 2>&1 && check "no such action" failure success
tools/tables "$build" run > "$folder/out" 2> "$folder/err"
check "a run" 0 $?
ran "statistics of both worlds" 2 '^extract .*/corpus --layout time --statistics'
ran "plans come first" 2 '^eval --table .* --plan$'
check "plans come first of all" 2 "$(head -n 2 "$CALLS" | grep -c -- --plan)"
ran "both tables are made" 2 "^eval --table (collected|himv) .*/corpus --models $ladder --seeds 2 --ablation-seeds 1 -j 1 --epochs 3 -v$"
check "the page has both, without the folder" 2 "$(grep -c '^figures of x$' "$folder/out")"
check "and their pictures" 1 "$(grep -c '^!\[.*\](table-himv.png)$' "$folder/out")"
check "files of each" "a file" "$(cat "$ladder/himv/table.csv")"
tools/tables "$build" run > "$folder/out" 2> "$folder/err"
ran "statistics are not made again" 2 '^extract'
STATUS=3 tools/tables "$build" run > "$folder/out" 2> "$folder/err"
check "steps that failed" 3 $?
check "the page is printed all the same" 2 "$(grep -c '^figures of x$' "$folder/out")"
SIZE=small tools/tables "$build" plan > /dev/null 2> "$folder/err"
check "another size is refused" 2 $?
check "and told" 1 "$(grep -c 'is of size tiny, not small' "$folder/err")"
