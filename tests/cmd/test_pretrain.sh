#!/bin/bash
# Pretraining: wrong use, a model with its log and curve, kill -9 and the same bytes, a checkpoint
# that is cut short.
. "$(dirname "$0")/lib.sh"
corpus=$scratch/corpus
mkdir -p "$corpus"

# a film of one colour with noise: film NAME COLOUR SEED
film() {
    ffmpeg -nostdin -v error -y -f lavfi -i "color=c=$2:s=64x64:r=8:d=9" \
        -vf "noise=alls=30:allf=t:all_seed=$3" -c:v mpeg4 -q:v 4 "$corpus/$1" < /dev/null
}
n=0
for split in train train train train val val; do
    for colour in red green blue; do
        n=$((n + 1))
        film "$n.mkv" $colour $n
        printf '{"id": "p%d", "video": "%d.mkv", "music": "%d.ogg", "tags": ["%s film"], "split": "%s"}\n' \
            $n $n $n $colour $split
    done
done > "$corpus/corpus.jsonl"

# wrong use
run 2 no_corpus pretrain music
run 2 other_part pretrain smell "$corpus" --out "$scratch/m"
one_line other_part_line 'music or video expected, found "smell"'
run 2 no_model pretrain video "$corpus"
one_line no_model_line '--out'
run 2 wrong_rate pretrain video "$corpus" --out "$scratch/m" --rate fast
run 2 wrong_epochs pretrain video "$corpus" --out "$scratch/m" --epochs 0
run 1 no_tags pretrain video "$corpus" --out "$scratch/m"
one_line no_tags_line 'tags'
run 0 tags tags "$corpus"
run 1 no_features pretrain video "$corpus" --out "$scratch/m"
run 0 features extract "$corpus" --what video --layout time -q
run 1 wrong_preset pretrain video "$corpus" --out "$scratch/m" --preset huge
one_line wrong_preset_line 'found huge'
run 1 absent_targets pretrain video "$corpus" --out "$scratch/m" --targets "$scratch/none"
run 1 unwritable pretrain video "$corpus" --out "$scratch/none/m"
check nothing_made test ! -e "$scratch/m" -a ! -e "$scratch/m.state"

# a whole run, told and drawn
train=(pretrain video "$corpus" --epochs 12 --patience 12 --batch 6 --seed 3 -j 2)
run 0 whole "${train[@]}" --out "$scratch/whole" --log "$scratch/log" --curve "$scratch/c.png" --json
check learnt grep -qE '"val_item_accuracy": 1\.0' "$scratch/out"
check log_lines test "$(wc -l < "$scratch/log")" = 12
check curve_drawn test "$(head -c 4 "$scratch/c.png" | tail -c 3)" = PNG
check no_state_left test ! -e "$scratch/whole.state"
run 0 model_file model "$scratch/whole"
check model_tags grep -q 'blue film' "$scratch/out"
run 0 text "${train[@]}" --out "$scratch/text"
check text_figures grep -qE '% of files right, 33.3 % by chance' "$scratch/out"
check same_bytes cmp "$scratch/whole" "$scratch/text"

# killed at any moment, again and again: it ends where an undisturbed run ends
for after in 0.4 0.8 1.2; do
    "$nd" "${train[@]}" -q --out "$scratch/killed" --checkpoint 0.2 2> /dev/null & pid=$!
    sleep $after
    kill -9 $pid 2> /dev/null
    wait $pid 2> /dev/null
done
run 0 after_kills "${train[@]}" --out "$scratch/killed" --log "$scratch/log2"
check same_after_kills cmp "$scratch/whole" "$scratch/killed"
check same_curve diff <(sed 's/, "elapsed_s.*//' "$scratch/log") \
    <(sed 's/, "elapsed_s.*//' "$scratch/log2")

# Ctrl-C keeps what was done; other settings, and a file that is cut short, are refused
"$nd" "${train[@]}" --epochs 3000 --patience 3000 --out "$scratch/stopped" 2> "$scratch/err" &
pid=$!
sleep 4
kill -TERM $pid
wait $pid
check progress grep -qE '^video [0-9]+/[0-9]+ .* left  epoch [0-9]+, loss [0-9.]+, [0-9]+ % right' \
    "$scratch/err"
check stopped_told grep -q 'stopped on request' "$scratch/err"
check state_kept test -s "$scratch/stopped.state"
run 1 other_seed "${train[@]}" --epochs 3000 --patience 3000 --out "$scratch/stopped" --seed 4
one_line other_seed_line 'made with seed "3", now "4"'
head -c 5000 "$scratch/stopped.state" > "$scratch/cut.state"
run 1 cut_short "${train[@]}" --out "$scratch/cut"
one_line cut_short_line 'cut.state'
run 0 restart "${train[@]}" --out "$scratch/cut" --restart -q
check same_after_restart cmp "$scratch/whole" "$scratch/cut"
finish
