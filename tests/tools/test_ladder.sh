# The ladder: tables from small fixed reports, checks that pass and miss as they should; the plan, and a run that is
# stopped and goes on, with a program that only writes files.
# shellcheck shell=bash disable=SC2016
set -u
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# check NAME EXPECTED FOUND
check() {
    if [ "$2" = "$3" ]; then echo "pass $1"; else echo "FAIL $1: expected '$2', found '$3'"; fi
}
# says NAME TEXT: the table has a line with TEXT in it
says() {
    if grep -qF -- "$2" "$folder/table.md"; then echo "pass $1"; else echo "FAIL $1: no '$2' in the table"; fi
}

# ---- the table -----------------------------------------------------------------------------------
# measures R1 R5 R10 R25 HALF: shares, and intervals of that half width
measures() {
    awk -v r="$1 $2 $3 $4" -v h="$5" 'BEGIN { split(r, x, " "); split("1 5 10 25", cut, " "); printf "{"
        for (i = 1; i <= 4; i++) printf("%s\"recall_%s\": %s, \"recall_%s_interval\": [%s, %s]",
                                        (i == 1 ? "" : ", "), cut[i], x[i], cut[i], x[i] - h, x[i] + h)
        printf "}" }'
}
# report FILE RECALLS [DIFFERENCES]: each four shares and a half width, as one word
report() {
    # shellcheck disable=SC2086
    cat > "$1" << JSON
{"videos": 512, "tracks": 512, "probes": [
  {"medium": "music", "what": "clip", "clips": 3500, "accuracy": 0.15, "chance": 0.143},
  {"medium": "video", "what": "clip", "clips": 3500, "accuracy": 0.30, "chance": 0.143},
  {"medium": "video", "what": "concept", "clips": 3500, "accuracy": 0.8, "chance": 0.05},
  {"medium": "music", "what": "track", "clips": 3500, "accuracy": 0.5, "chance": 0.04}],
 "rows": [{"tags": "none", "rerank": false, "video_to_music": $(measures $2)},
          {"tags": "true", "rerank": false, "video_to_music": $(measures 1 1 1 1 0)}],
 "differences": [$([ -z "${3:-}" ] || echo "{\"tags\": \"none\", \"rerank\": false, \"video_to_music\": $(measures $3)}")]}
JSON
}

tools/ladder-table > /dev/null 2>&1 && check "table of no folder" failure success
tools/ladder-table "$folder/absent" > /dev/null 2>&1 && check "table of an absent folder" failure success
check "table of an empty folder" "No world was made yet." "$(tools/ladder-table "$folder")"

made=$folder/made
mkdir -p "$made/toy/s1" "$made/toy/s2"
echo small > "$made/size"
cat > "$made/toy/audit.json" << 'END_JSON'
{"chance": [0.2, 1, 2, 4.9], "gallery": 512, "passed": true,
 "ladder": [{"oracle": "bag", "recall": [6.2, 30.8, 61.5, 99.3]}],
 "controls": [{"name": "splits", "passed": true},
              {"name": "ranker_a", "passed": true, "chance_hi": [1.5, 3, 5, 9]},
              {"name": "ranker_b", "passed": true, "chance_hi": [1, 4, 5, 8]}]}
END_JSON
tools/ladder-table "$made" > "$folder/table.md"
says "a world without models: its oracles" "| oracle: bag |  | 6.2 | 30.8 | 61.5 | 99.3 |"
says "a world without models: checks are missing" "| paper: AE < A-SE, R@10 |  | missing |"
says "a world without models is not quoted" "**what follows is not to be quoted.**"

printf '{"gallery": 4, "queries": [{"video": "a", "track": "x", "rank": 1}, {"video": "b", "track": "y", "rank": 9}]}' \
    > "$made/toy/rhythm.json"
for s in s1 s2; do
    extra=$([ $s = s1 ] && echo 0.00 || echo 0.02)
    report "$made/toy/$s/paper-s-a-se.json" "0.03 0.1 0.2 0.4 0.01" "0.01 0.02 0.05 0.05 0.01"
    report "$made/toy/$s/paper-s-se.json" "0.03 0.1 0.19 0.4 0.01" "0 0 -0.01 0 0.02"
    report "$made/toy/$s/paper-s-se+r.json" "0.05 0.1 0.215 0.4 0.01" "0.02 0 0.025 0 0.01"
    report "$made/toy/$s/recommended-a-se.json" "0.04 0.2 0.3 0.6 0.01" "0 0 0 0.05 0.01"
    report "$made/toy/$s/recommended-se.json" "0.20 0.5 0.6 0.8 0.01" "0.1 0.1 0.3 0.1 0.01"
    report "$made/toy/$s/recommended-se+r.json" "$(echo "0.40 $extra" | awk '{ print $1 + $2 }') 0.7 0.8 0.9 0.05" \
        "0.20 0.1 0.1 0.1 0.01"
    report "$made/toy/$s/recommended-se+r.clips.json" "0.05 0.2 0.3 0.5 0.01"
    report "$made/toy/$s/recommended-se.clips.json" "0.10 0.2 0.3 0.5 0.01"
done
report "$made/toy/s1/recommended-se+r.shuffled.json" "0 0.01 0.02 0.05 0.01"
mkdir "$made/toy/blank"
echo '{"controls": [{"name": "ranker_a", "passed": true, "chance_hi": [2, 6, 11, 25]}]}' > "$made/toy/blank/audit.json"
report "$made/toy/s1/recommended-se+r.blank.json" "0.04 0.05 0.1 0.2 0.01"
tools/ladder-table "$made" > "$folder/table.md"
says "the mean of seeds, deviation, interval" "| recommended SE+R | 2 | 41.0 ± 1.4 [36.0, 46.0] |"
says "a row with tags does not count" "| paper A-SE | 2 | 3.0 ± 0.0 [2.0, 4.0] |"
says "the rhythm ranker" '| `rhythm` ranker alone |  | 50.0 [0.0, 100.0] | 50.0 [0.0, 100.0] | 100.0 [100.0, 100.0] |'
says "a check passes" "| paper: AE < A-SE, R@10 | +5.0 ± 0.0 [+4.0, +6.0] | pass |"
says "a check at its bound passes" "| recommended: AE < A-SE by 5 points or more, R@25 | +5.0 ± 0.0 [+4.0, +6.0] | pass |"
says "a check is missed, and its interval holds 0" \
    "| paper: A-SE <= SE, R@10 | -1.0 ± 0.0 [-3.0, +1.0]; the interval holds 0 | **MISSED by 1.0** |"
says "a check is missed by half a point" "[+1.5, +3.5] | **MISSED by 0.5** |"
says "times of paper" "| recommended SE+R has 1.5 times the R@1 of paper SE+R or more | 8.20 times | pass |"
says "not above the rhythm ranker" "| 41.0 [from 36.0] against 50.0 [to 100.0] | **MISSED by 64.0** |"
says "shuffled pairs at chance" "| 1 pairs shuffled in training, recommended SE+R | 0.0 1.0 2.0 5.0 | the most of random pairings (1.5 4.0 5.0 9.0) | pass |"
says "something is found without a script" "| 4 a world without a script, recommended SE+R | 4.0 5.0 10.0 20.0 | the most of random pairings there (2.0 6.0 11.0 25.0) | **FAIL by 1.0** |"
says "permuted clips within the bag" "| 2 clips permuted, recommended SE+R | 5.0 20.0 30.0 50.0 | A-SE, or the bag with the level of tempo (12.4 61.6 100.0 100.0) | pass |"
says "permuted clips above A-SE" "| A-SE (5.0 21.0 31.0 61.0) | **FAIL by 4.0** |"
says "a clip's place is not read" "| 12 probe: place of a music clip | 15.0 (chance 14.3) | chance and 3 standard errors | pass |"
says "a clip's place is read" "| 12 probe: place of a video clip | 30.0 (chance 14.3) | chance and 3 standard errors | **FAIL by 13.9** |"
says "a clip tells its file" "| 12 probe: the file, among clips of one concept, of a music clip | 50.0 (chance 4.0) | told, no bound | pass |"

# ---- markers -------------------------------------------------------------------------------------
printf '%s\n' before '<!-- ladder: written by make ladder -->' old '<!-- end of the ladder -->' after > "$folder/page.md"
tools/ladder-table "$made" "$folder/page.md"
check "between markers: what stood around it" "before after" "$(sed -n '1p;$p' "$folder/page.md" | tr '\n' ' ' | sed 's/ $//')"
check "between markers: the table, and the old one gone" "1 0" \
    "$(grep -c '^### World' "$folder/page.md") $(grep -c '^old$' "$folder/page.md")"
cp "$folder/page.md" "$folder/again.md"
tools/ladder-table "$made" "$folder/again.md"
check "between markers: again, the same" "" "$(diff "$folder/page.md" "$folder/again.md")"
echo none > "$folder/plain.md"
check "a page without markers is named" 1 "$(tools/ladder-table "$made" "$folder/plain.md" 2>&1 | grep -c 'plain.md.*expected')"
check "a page without markers is kept" none "$(cat "$folder/plain.md")"

# ---- the run, with a program that writes what is asked for ------------------------------------------
mkdir "$folder/build"
cat > "$folder/build/needledrop" << 'END_PROGRAM'
#!/bin/sh
echo "$$ $*" >> "$CALLS"
[ ! -e "$CALLS.stop" ] || exit 1
all="$*" out=
while [ $# -gt 0 ]; do case $1 in -o | --out) out=$2 ;; esac; shift; done
[ -z "$out" ] || echo model > "$out"
# shellcheck disable=SC2086
set -- $all
case $1-${2:-} in
synth-corpus) mkdir -p "$3"; printf '{"split": "train"}\n' > "$3/corpus.jsonl"; : > "$3/gallery.jsonl" ;;
synth-audit) echo '{"controls": [], "chance": [1, 5, 10, 25], "ladder": []}' ;;
eval-*) echo '{"videos": 1, "tracks": 1, "rows": [], "differences": [], "probes": []}' ;;
extract-*) echo '{}' ;;
tags-*) echo '{}' > "$2/tags.json" ;;
esac
END_PROGRAM
chmod +x "$folder/build/needledrop"
export CALLS=$folder/calls LADDER=$folder/run SIZE=tiny WORLDS=collected SEEDS="1 2" JOBS=2
tools/ladder "$folder/build" > /dev/null 2>&1; check "no verb is wrong usage" 2 $?
tools/ladder "$folder/build" plan > "$folder/out" 2>&1
check "the plan: nothing is there" "67 steps to do" "$(tail -n 1 "$folder/out" | cut -d, -f1)"
touch "$CALLS.stop"
tools/ladder "$folder/build" run > "$folder/out" 2>&1; check "a step that fails: status 1" 1 $?
check "a step that fails is named with its log" 1 "$(grep -c '^FAILED collected/audit.json:' "$folder/out")"
rm "$CALLS.stop"; : > "$CALLS"
setsid tools/ladder "$folder/build" run > "$folder/out" 2>&1 &
for _ in $(seq 300); do [ -z "$(find "$folder/run" -name '*.safetensors')" ] || break; sleep 0.1; done
kill -9 -- -$! 2> /dev/null; wait 2> /dev/null
n_made=$(find "$folder/run" -name '*.safetensors' | wc -l)
tools/ladder "$folder/build" run > "$folder/out" 2>&1; check "killed, it goes on to its end" 0 $?
check "killed: something was there already" yes "$([ "$n_made" -gt 0 ] && [ "$n_made" -lt 25 ] && echo yes || echo "$n_made")"
check "what was finished was not made again" "" \
    "$(sed 's/^[0-9]* //' "$CALLS" | grep -E '^(train|pretrain)' | sort | uniq -c | awk '$1 > 2')"
: > "$CALLS"
tools/ladder "$folder/build" run > "$folder/out" 2>&1
check "all there: nothing is called" "0 0" "$? $(wc -l < "$CALLS")"
check "another size in the same folder is refused" 2 "$(SIZE=small tools/ladder "$folder/build" run > /dev/null 2>&1; echo $?)"

# ---- the default model ------------------------------------------------------------------------------
: > "$CALLS"
MODELS=$folder/models tools/ladder "$folder/build" model > "$folder/out" 2>&1; check "the default model: made" 0 $?
check "the default model: extractors that are there are taken" "train eval" \
    "$(sed 's/^[0-9]* //' "$CALLS" | cut -d' ' -f1 | tr '\n' ' ' | sed 's/ $//')"
check "the default model: halves" 1 "$(grep -c -- '--setting se+r .*--half' "$CALLS")"
check "the default model: the file, and its log" "model 1" \
    "$(cat "$folder/models/default.safetensors") $(grep -c '^default.safetensors, 6 bytes: made by' "$folder/models/default.log")"
head -c 8000001 /dev/zero > "$folder/run/collected/s1/default.safetensors"
MODELS=$folder/models tools/ladder "$folder/build" model > "$folder/out" 2>&1; check "a model that is too large: status 1" 1 $?
check "a model that is too large: the one before is kept" model "$(cat "$folder/models/default.safetensors")"
