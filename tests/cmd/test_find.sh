#!/bin/bash
# find: words beside what a model hears, tags of files, what was measured; without a model.
. "$(dirname "$0")/lib.sh"
media=$scratch/media
lib=$scratch/music.nd
model=$scratch/m1.safetensors
mkdir "$media"
check made "$build/tests/serve/test_search" make "$model" recommended 1
for i in 1 2 3 4; do
    ffmpeg -nostdin -v error -y -f lavfi -i "sine=$((200 * i)):duration=$((8 + i))" \
        -af "apulsator=hz=$i,volume=-$((2 * i))dB" -metadata genre="$([ $i = 3 ] && echo Tango || echo Pop)" \
        "$media/$i.flac" < /dev/null
done
run 0 index index "$lib" "$media" --model "$model" -q
run 2 no_words find "$lib"
run 1 empty_words find "$lib" ' ' --model "$model"
one_line empty_words_line 'expected'
run 1 too_long find "$lib" "$(head -c 5000 /dev/zero | tr '\0' x)" --model "$model"
run 1 no_library find "$scratch/absent.nd" calm
run 2 no_ranker find "$lib" calm --ranker rhythm

run 0 found find "$lib" tango --model "$model" --json
check found_words grep -q '^{"words": "tango", "n_passed": 4, "model": "m1", "unknown": "tango"' "$scratch/out"
check found_tagged grep -q '"rank": 1, "path": "[^"]*/3.flac"' "$scratch/out"
run 0 words_are_joined find "$lib" calm piano, no tango --model "$model" --json
check joined grep -q '^{"words": "calm piano, no tango"' "$scratch/out"
check not_tagged grep -q '"rank": 4, "path": "[^"]*/3.flac"' "$scratch/out"
run 0 text find "$lib" xyzzy --model "$model"
check unknown_is_said grep -q 'known by their letters alone: xyzzy' "$scratch/out"
run 0 brighter find "$lib" a brighter sound --model "$model"
check brightest grep -qE '^  1  .*4.flac' "$scratch/out"
run 0 louder find "$lib" louder --model "$model"
check loudest grep -qE '^  1  .*1.flac' "$scratch/out"
check loudest_is_met grep -qE "louder 0\.[67]" "$scratch/out"
run 0 quieter find "$lib" quieter --no-model
check quietest grep -qE '^  1  .*4.flac' "$scratch/out"
run 0 without find "$lib" tango --no-model
check without_tagged grep -qE '^  1  1\.000.*3.flac' "$scratch/out"
run 0 filtered find "$lib" tango --not-tag tango --model "$model" --json
check filter_leaves_three grep -q '"n_passed": 3' "$scratch/out"
finish
