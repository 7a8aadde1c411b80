#!/bin/bash
# A model inside index: every track embedded; another matching part embeds them again without a
# file being read, another extractor has them analysed anew; the default model, none, a wrong one.
. "$(dirname "$0")/lib.sh"
music=$scratch/music
lib=$scratch/music.nd
maker=$build/tests/match/test_embed_track
mkdir -p "$music"
for i in 1 2 3; do
    ffmpeg -nostdin -v error -y -f lavfi -i "sine=$((200 + 40 * i)):duration=$((6 + i))" \
        -af 'apulsator=hz=2' "$music/$i.wav" < /dev/null
done
for model in 'first 1 1' 'second 1 2' 'third 2 1'; do
    # shellcheck disable=SC2086
    set -- $model
    check "made_$1" "$maker" make "$scratch/$1.safetensors" "$2" "$3"
done

# report NAME EXPECTED: values of the last JSON report, in this order
report() {
    local found
    found="$(grep -o '"model": [^,]*' "$scratch/out" | cut -d' ' -f2 | tr -d '"')"
    for key in tracks embedded reembedded reanalysed; do found+=" $(json_value $key "$scratch/out")"; done
    check "$1" test "$found" = "$2"
}

# wrong ones first: nothing is made, one line says what is wrong
run 1 no_such_model index "$lib" "$music" --model "$scratch/absent"
one_line no_such_model_line 'absent'
run 1 no_model_file index "$lib" "$music" --model "$music/1.wav"
one_line no_model_file_line '1\.wav'
"$nd" model new "$scratch/extractors.safetensors" --preset tiny --layout time > /dev/null
run 1 without_match index "$lib" "$music" --model "$scratch/extractors.safetensors"
one_line without_match_line 'match'
run 2 both_options index "$lib" "$music" --model "$scratch/first.safetensors" --no-model
run 2 empty_model index "$lib" "$music" --model ''

run 0 first index "$lib" "$music" --model "$scratch/first.safetensors" --json
report first_report 'first 3 3 0 0'
run 0 again index "$lib" --model "$scratch/first.safetensors" --json
report again_report 'first 3 3 0 0'

# a worker that always fails shows whether a file was to be read
export NEEDLEDROP_WORKER=/bin/false
run 0 second index "$lib" --model "$scratch/second.safetensors" --json
report second_report 'second 3 3 3 0'
unset NEEDLEDROP_WORKER
run 0 list_says list "$lib"
check list_says_model grep -qx 'embedded by second: 3 of 3' "$scratch/out"
run 0 list_json list "$lib" --json
check list_json_model grep -q '"model": "second", "embedded": 3' "$scratch/out"
run 0 third index "$lib" "$music" --model "$scratch/third.safetensors" -v
check third_says grep -q 'model third: 3 of 3 embedded; 0 anew .* 3 decoded again' "$scratch/out"

# the default comes from the environment; --no-model keeps what is there
NEEDLEDROP_MODEL=$scratch/first.safetensors run 0 default index "$lib" --json
report default_report 'first 3 3 0 3'
ffmpeg -nostdin -v error -y -f lavfi -i 'sine=700:duration=5' "$music/4.wav" < /dev/null
run 0 without index "$lib" --no-model
check without_says_nothing sh -c "! grep -q 'no model' '$scratch/out'"
run 0 list_after_without list "$lib"
check list_after_without_says grep -qx 'embedded by first: 3 of 4' "$scratch/out"

# killed on the way: what is done stays, and the rest comes from what is stored where it can
"$nd" index "$lib" --model "$scratch/second.safetensors" -q 2> /dev/null & pid=$!
sleep 0.1
kill -9 $pid 2> /dev/null
wait $pid 2> /dev/null
run 0 after_kill index "$lib" --model "$scratch/second.safetensors" --json
check after_kill_all test "$(json_value embedded "$scratch/out")" = 4
check sound_after_kill test "$(sqlite3 "$lib" 'pragma integrity_check')" = ok
finish
