#!/bin/bash
# needledrop train: usage, a tiny corpus from end to end, kills on the way.
. "$(dirname "$0")/lib.sh"
cd "$scratch" || exit 1

run 2 "a corpus is needed" train
run 2 "a model to write is needed" train corpus -x x.st
one_line "which is told" "--out|needledrop train"
run 2 "extractors are needed" train corpus -o m.st
run 2 "a loss has a weight" train corpus -x x.st -o m.st --loss av
run 2 "which is a number" train corpus -x x.st -o m.st --loss av=much
run 1 "a corpus must be there" train nothing -x x.st -o m.st
one_line "which is told" "nothing"

run 0 "media" synth media made --tracks 6 --videos 6 --music-length 9 --video-length 5 -q
mkdir corpus
music=("$scratch"/made/music/*)
video=("$scratch"/made/video/*)
for i in 0 1 2 3 4 5; do
    printf '{"id": "%d", "video": "%s", "music": "%s", "tags": ["%s"], "split": "%s"}\n' $i \
        "${video[$i]}" "${music[$i]}" "$([ $((i % 2)) = 0 ] && echo calm sea || echo dark city)" \
        "$([ $i -lt 4 ] && echo train || echo val)"
done > corpus/corpus.jsonl
printf '{"music": "%s", "split": "val"}\n' /nowhere.ogg > corpus/gallery.jsonl
run 3 "its features, but for a track of the gallery" extract corpus --layout time -j 2 -q
one_line "which is told" "/nowhere.ogg"
run 0 "its tags" tags corpus -q
run 0 "extractors" model new x.st --preset tiny --layout time --seed 1

options=(-x x.st --config paper-s --epochs 3 --batch 4 --seed 5 --patience 9)
run 0 "train" train corpus -o a.st "${options[@]}" --log a.log --curve a.png -j 1
check "says how good it is" grep -q "R@10 .* % by chance" out
check "says how fast it was" grep -q "steps/s.* % of the sgemm peak" out
check "writes an epoch a line" test "$(wc -l < a.log)" = 3
check "draws a picture" test "$(head -c 4 a.png | tail -c 3)" = PNG
check "keeps embeddings of train and val alone" test "$(ls corpus/cache/embeddings-* | sed 's/.*embeddings-\([a-z]*\).*/\1/' | xargs)" = "train val"
run 0 "the model is one" model a.st
check "with a matching part" grep -q "match: " out

# Killed again and again, it comes to the same bytes.
for i in 1 2 3 4 5 6; do
    timeout -s KILL "0.$((i % 5 + 2))" "$nd" train corpus -o b.st "${options[@]}" --checkpoint 0.001
done > /dev/null 2>&1
run 0 "it goes on after kills" train corpus -o b.st "${options[@]}" -j 2
check "to the same bytes" cmp a.st b.st
check "and leaves no checkpoint" test ! -e b.st.state

run 0 "JSON" train corpus -o c.st "${options[@]}" --shuffle-pairs --setting ae --loss vtag=0 --json
check "is one object" python3 -c "import json,sys; r=json.load(open('out')); assert r['weights']['vtag'] == 0 and len(r['epochs']) == 3"
run 1 "a picture that cannot be drawn is told at the end" train corpus -o e.st "${options[@]}" --curve none/e.png -q
one_line "with its path" "none/e.png"
check "the model is there" test -s e.st

# The baselines.
run 1 "an unknown kind of model" train corpus -x x.st -o f.st --model siamese
one_line "is told those there are" "cbvmr, cmvae, ut_cmvmr"
run 1 "a setting that a baseline has not" train corpus -x x.st -o f.st --model cmvae --setting se
one_line "is told those it has" "paper-s ae, paper-s se.r expected"
run 1 "cbvmr wants statistics of music" train corpus -o f.st "${options[@]}" --model cbvmr -q
one_line "and says how to get them" "extract --statistics"
run 3 "which are added" extract corpus --layout time --statistics -j 2 -q
for model in cbvmr cmvae; do
    for setting in ae se+r; do
        run 0 "$model $setting" train corpus -o "$model.st" "${options[@]}" --model $model --setting $setting -q
        run 0 "is evaluated" eval corpus --model "$model.st" --split val --resamples 20 --json
        check "without a pair scorer" python3 -c "import json; r=json.load(open('out')); assert r['rows'] and not any(x['rerank'] for x in r['rows'])"
    done
done
run 0 "again" train corpus -o again.st "${options[@]}" --model cmvae --setting se+r -q -j 2
check "the same bytes" cmp again.st cmvae.st

: > broken.st
run 1 "broken extractors are told" train corpus -x broken.st -o d.st
one_line "in a line" "broken.st"
check "and nothing is written" test ! -e d.st
finish
