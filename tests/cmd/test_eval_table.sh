#!/bin/bash
# The paper's tables at the command line: a small corpus of made media, networks that learned nothing, one epoch.
. "$(dirname "$0")/lib.sh"
corpus=$scratch/corpus models=$scratch/models
small_corpus "$corpus"
mkdir -p "$models/collected/s1"
printf 'x, calm\ny, happy\n' | tee "$corpus/targets_scene.txt" > "$corpus/targets_family.txt"
run 0 extract extract "$corpus" --layout time --statistics -q
run 0 tags tags "$corpus" -q
run 0 networks model new "$models/collected/s1/unified.safetensors" --preset tiny --layout time
cp "$models/collected/s1/unified.safetensors" "$models/collected/s1/separate.safetensors"

# wrong use
run 2 no_such_table eval --table x "$corpus"
one_line no_such_table_line 'collected or himv expected, found x'
run 2 no_corpus eval --table collected
run 2 other_options eval --table collected "$corpus" --model x
one_line other_options_line '--model does not go with --table'
run 1 absent_corpus eval --table collected "$scratch/none"

# the plan
table() { run "$1" "$2" eval --table collected "$corpus" --models "$models" --seeds 1 --epochs 1 "${@:3}"; }
table 0 plan --plan
check plan_line grep -qE '^50 of 52 steps to do in .*/models, [0-9]+ at a time: about 0:00:00 h, and 50 steps' "$scratch/out"
table 0 plan_json --plan --json
check plan_json_missing grep -q '"missing": 50' "$scratch/out"
check nothing_made test ! -e "$models/collected/s1/cbvmr-ae.safetensors"

# killed on its way, whatever it is at; the same command goes on
"$nd" eval --table collected "$corpus" --models "$models" --seeds 1 --epochs 1 -q -j 1 > /dev/null 2>&1 &
killed=$!
for ((i = 0; i < 600; i++)); do
    [ -e "$models/collected/s1/paper-s-ae.safetensors" ] && break
    sleep 0.05
done
kill -9 $killed
wait $killed 2> /dev/null
: > "$models/collected/s1/paper-s-se.safetensors.part.new-aB3dE6" # as if killed while it was written
before=$(stat -c %Y.%i "$models/collected/s1/cbvmr-ae.safetensors" "$models/collected/s1/paper-s-ae.safetensors")
table 0 goes_on -q --ablation-seeds 0 --csv "$scratch/table.csv" --plot "$scratch/table.png"
after=$(stat -c %Y.%i "$models/collected/s1/cbvmr-ae.safetensors" "$models/collected/s1/paper-s-ae.safetensors")
check made_once test "$before" = "$after"
for label in '1 CBVMR AE' '2 CMVAE AE' '3 UT-CMVMR AE' '4 UT-CMVMR A-SE' '5 UT-CMVMR SE' '6 UT-CMVMR SE[+]R' \
    'ours SE[+]R' 'ours SE[+]R, reranked' '4 - 3 tag set, over AE' '6 - 5 rhythm, over SE' 'ours - 6, SE[+]R'; do
    check "row ${label//[^A-Za-z0-9]/_}" grep -qE "^  $label +1 +[-+0-9.]+ \(" "$scratch/out"
done
check theirs grep -q '8.82 / 22.92 / 36.28 / 53.82' "$scratch/out"
check nothing_missing test "$(grep -c '^missing' "$scratch/out")" = 0
check csv grep -qE '^system,paper-s-se\+r,"6 UT-CMVMR SE\+R",1,none,0,25,[0-9.]+,,[0-9.]+,[0-9.]+,53.8200$' "$scratch/table.csv"
check png test "$(head -c 4 "$scratch/table.png" | tail -c 3)" = PNG
check timed grep -qE '^train/cmvae-ae [0-9]+ collected/s1/cmvae-ae.safetensors$' "$models/steps.log"
check nothing_left_over test -z "$(find "$models" -name '*.part*' -o -name '*.state*')"

# ablations, of what is there and what is not
table 0 no_train --no-train
check ablation_missing grep -q '^missing: collected/s1/recommended-se+r.no-av.json: not made yet' "$scratch/out"
table 0 json --no-train --json
check json_rows grep -q '"name": "recommended-se+r", "label": "ours SE+R", "ours": true, "rerank": false, "seeds": 1' "$scratch/out"
table 0 ablations -q --markdown
check ablation_rows grep -qE '^\| cross-attention \| 1 \| [0-9.]+ \(' "$scratch/out"
check ablations_whole test "$(grep -c '^- missing' "$scratch/out")" = 0
table 0 plan_done --plan
check plan_done_line grep -qE '^0 of 52 steps to do' "$scratch/out"

# a step that fails is told, the rest is printed
rm "$models/collected/s1/cmvae-ae.json"
echo broken > "$models/collected/s1/cmvae-ae.safetensors"
table 3 one_fails -q --ablation-seeds 0
check failure_told grep -q 'cmvae-ae.json: ' "$scratch/err"
check rest_printed grep -qE '^  3 UT-CMVMR AE +1 ' "$scratch/out"
finish
