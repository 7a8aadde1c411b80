#!/bin/bash
# recommend and similar with a model: what it says of a hit, words beside the video, each ranker,
# the same output on any number of threads; libraries of another model and of none.
. "$(dirname "$0")/lib.sh"
media=$scratch/media
lib=$scratch/music.nd
bare=$scratch/bare.nd
maker=$build/tests/serve/test_search
run 0 synth synth media "$media" --tracks 5 --videos 2 --seed 3 --music-length 20 --video-length 10
for seed in 1 2; do check "made_$seed" "$maker" make "$scratch/m$seed.safetensors" recommended $seed; done
run 0 index index "$lib" "$media/music" --model "$scratch/m1.safetensors" --json
check index_embedded test "$(json_value embedded "$scratch/out")" = 5
run 0 index_bare index "$bare" "$media/music" --no-model -q
video=$(ls "$media"/video/*.mp4 | head -n 1)
track=$(ls "$media"/music/* | head -n 1)
with=(--model "$scratch/m1.safetensors")

# wrong ones first
run 2 both_options recommend "$lib" "$video" "${with[@]}" --no-model
run 2 empty_model recommend "$lib" "$video" --model ''
run 2 weight_alone recommend "$lib" "$video" --like-weight 0.5
for weight in 0 1.5 x nan; do
    run 2 "weight_$weight" recommend "$lib" "$video" --like calm --like-weight $weight
done
run 1 no_such_model recommend "$lib" "$video" --model "$scratch/absent"
one_line no_such_model_line 'absent'
run 1 no_such_ranker recommend "$lib" "$video" --ranker magic
one_line no_such_ranker_line 'magic'
run 1 another_model recommend "$lib" "$video" --model "$scratch/m2.safetensors"
one_line another_model_line 'with m1: needledrop index LIBRARY --model .*m2'
run 1 bare_library recommend "$bare" "$video" "${with[@]}"
one_line bare_library_line 'no model: needledrop index LIBRARY --model'
run 1 bare_among_two recommend "$lib" --also "$bare" "$video" "${with[@]}"
run 1 nothing_asked recommend "$lib" "$video" "${with[@]}" --like ' ,'
one_line nothing_asked_line 'expected'

run 0 recommend recommend "$lib" "$video" "${with[@]}" --json -j 2
cp "$scratch/out" "$scratch/ranking"
check all_five test "$(grep -o '"rank":' "$scratch/out" | wc -l)" = 5
for part in match pair rhythm motion; do check "part_$part" grep -q "\"$part\": {\"value\"" "$scratch/out"; done
for key in '"model": "m1"' '"seen": \["' '"heard": \["' '"clips": {"offset": 0, "cosines": \[\[' ; do
    check "has_${key//[^a-z]/}" grep -q "$key" "$scratch/out"
done
run 0 one_thread recommend "$lib" "$video" "${with[@]}" --json -j 1
check same_ranking_any_j cmp "$scratch/out" "$scratch/ranking"
NEEDLEDROP_MODEL=$scratch/m1.safetensors run 0 by_default recommend "$lib" "$video" --json
check same_by_default cmp "$scratch/out" "$scratch/ranking"
run 0 text recommend "$lib" "$video" "${with[@]}" -k 2
check weights_are_shown grep -qE 'match 0\.[0-9]+ x 0\.[0-9]+ +pair 0\.[0-9]+ x 0\.[0-9]+ +rhythm 0\.[0-9]+ x 0\.[0-9]+ \(motion' "$scratch/out"
check no_warning test ! -s "$scratch/err"
run 0 model_alone recommend "$lib" "$video" "${with[@]}" --ranker model
check rhythm_weighs_nothing grep -qE 'rhythm 0\.[0-9]+ x 0\.00' "$scratch/out"
run 0 rhythm_alone recommend "$lib" "$video" --ranker rhythm --json
cp "$scratch/out" "$scratch/rhythm"
run 0 without recommend "$lib" "$video" --no-model --json
check the_same_without cmp "$scratch/out" "$scratch/rhythm"
run 0 bare recommend "$bare" "$video" --json
one_line bare_line 'rhythm alone.*needledrop index LIBRARY --model'
check the_same_bare cmp "$scratch/out" "$scratch/rhythm"
other=$(ls "$media"/video/*.mp4 | tail -n 1)
for options in "${with[*]}" --no-model; do
    # shellcheck disable=SC2086
    { "$nd" recommend "$lib" "$video" $options; "$nd" recommend "$lib" "$other" $options; } > "$scratch/alone"
    # shellcheck disable=SC2086
    run 3 several recommend "$lib" "$video" "$scratch/absent.mp4" "$other" $options
    check several_in_one_call cmp "$scratch/out" "$scratch/alone"
done
run 0 like recommend "$lib" "$video" "${with[@]}" --like 'slower, calm piano' --like-weight 0.25 --json
check like_part grep -qE '"like": \{"value": [0-9.]+, "weight": 0\.25, "wishes": \[\{"wish": "slower", "met": 0' "$scratch/out"
run 0 two_libraries recommend "$lib" --also "$lib" "$video" "${with[@]}" --json
check two_libraries_ten test "$(grep -o '"rank":' "$scratch/out" | wc -l)" = 10
run 0 filtered recommend "$lib" "$video" "${with[@]}" --bpm 20-30
check filter_none grep -q '(0 tracks in all' "$scratch/out"

# a model without order has no place in the track: the rhythm ranker finds one
check made_plain "$maker" make "$scratch/plain.safetensors" paper-s 3
run 0 index_plain index "$scratch/plain.nd" "$media/music" --model "$scratch/plain.safetensors" -q
run 0 plain recommend "$scratch/plain.nd" "$video" --model "$scratch/plain.safetensors" --json
check plain_pair grep -q '"pair": {"value"' "$scratch/out"
check plain_has_no_clips sh -c "! grep -q '\"clips\"' '$scratch/out'"

run 0 similar similar "$lib" "$(basename "$track")" "${with[@]}" --json
check similar_whole grep -q '"whole": {"value"' "$scratch/out"
check similar_without_itself test "$(grep -o '"rank":' "$scratch/out" | wc -l)" = 4
cp "$track" "$scratch/copy.${track##*.}"
run 0 similar_file similar "$lib" "$scratch/copy.${track##*.}" "${with[@]}"
check its_twin_first grep -qE "^  1  0\.9.*$(basename "$track")|^  1  1\.0.*$(basename "$track")" "$scratch/out"
finish
