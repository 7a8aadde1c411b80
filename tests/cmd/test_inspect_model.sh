#!/bin/bash
# A model inside inspect: tags in text and JSON, a file held against a track, the map as PNG; the
# default model, none, a wrong one, one without tags.
. "$(dirname "$0")/lib.sh"
maker=$build/tests/embed/test_model_tags
export NEEDLEDROP_MODEL=$scratch/absent
ffmpeg -nostdin -v error -y -f lavfi -i 'sine=300:duration=13' -af 'apulsator=hz=2' "$scratch/t.wav" < /dev/null
ffmpeg -nostdin -v error -y -f lavfi -i 'testsrc=duration=9:size=96x64:rate=8' -c:v mpeg4 "$scratch/v.mp4" < /dev/null
ffmpeg -nostdin -v error -y -f lavfi -i 'sine=300:duration=1' "$scratch/short.wav" < /dev/null
check made "$maker" make "$scratch/model.safetensors"
check made_plain "$maker" make "$scratch/plain.safetensors" no-tags
"$nd" model new "$scratch/extractors.safetensors" --preset tiny --layout time > /dev/null
model=$scratch/model.safetensors

# wrong ones first
run 1 no_such_model inspect "$scratch/t.wav" --model "$scratch/absent"
one_line no_such_model_line 'absent'
run 2 both_options inspect "$scratch/t.wav" --model "$model" --no-model
run 2 empty_model inspect "$scratch/t.wav" --model ''
run 2 with_no_model inspect "$scratch/v.mp4" --with "$scratch/t.wav" --no-model
run 1 absent_track inspect "$scratch/v.mp4" --with "$scratch/absent.wav" --model "$model"
one_line absent_track_line 'absent\.wav'
run 1 silent_track inspect "$scratch/v.mp4" --with "$scratch/v.mp4" --model "$model"
run 1 short_track inspect "$scratch/v.mp4" --with "$scratch/short.wav" --model "$model" --json
check short_track_object grep -q '"code": "ESHORT"' "$scratch/out"
run 1 no_match_part inspect "$scratch/v.mp4" --with "$scratch/t.wav" --model "$scratch/extractors.safetensors"
one_line no_match_part_line 'match'
run 1 png_nowhere inspect "$scratch/v.mp4" --with "$scratch/t.wav" --model "$model" --png "$scratch/absent/m.png"

# what pairs are compared by, for other programs
run 0 joint embed "$scratch/t.wav" --what joint --model "$model" --out "$scratch/joint.npy" --json
check joint_shape grep -Eq '"shape": \[ *3, *32 *\]' "$scratch/out"
run 0 joint_video embed "$scratch/v.mp4" --what joint --model "$model" --out "$scratch/joint.npy"
run 2 joint_without_model embed "$scratch/t.wav" --what joint --out "$scratch/x.npy"
run 1 joint_no_match_part embed "$scratch/t.wav" --what joint --model "$scratch/extractors.safetensors" --out "$scratch/x.npy"
one_line joint_no_match_part_line 'match'

# a default model that cannot be read costs the tags alone
run 0 bad_default inspect "$scratch/t.wav"
one_line bad_default_line 'no tags: .*absent'
check bad_default_no_tags sh -c "! grep -q '^heard' '$scratch/out'"
run 0 without inspect "$scratch/t.wav" --no-model
check without_is_quiet test ! -s "$scratch/err"
run 0 no_tags inspect "$scratch/t.wav" --model "$scratch/plain.safetensors"
check no_tags_is_quiet test ! -s "$scratch/err"
run 0 no_tags_why inspect "$scratch/t.wav" --model "$scratch/plain.safetensors" -v
check no_tags_says_why grep -q 'no tags: .*names of the 4 classes' "$scratch/err"
run 0 short inspect "$scratch/short.wav" --model "$model" -v
check short_says_why grep -q 'no tags: .*2 s' "$scratch/err"

# tags
run 0 heard inspect "$scratch/t.wav" --model "$model"
check heard_line grep -qE '^heard     [a-z]+ [a-z]+ [01]\.[0-9]{2}, ' "$scratch/out"
check heard_clips test "$(grep -cE '^ +0:[0-9]+ .*(sea|city|forest|snow) [01]\.[0-9]{2}$' "$scratch/out")" = 3
run 0 seen inspect "$scratch/v.mp4" --json --model "$model"
check seen_json grep -q '"seen": \[{"name": "[a-z ]*", "share": 0' "$scratch/out"
check seen_clips test "$(grep -o '"seen": \[' "$scratch/out" | wc -l)" = 3
check seen_container_tags grep -q '"tags": {' "$scratch/out"
NEEDLEDROP_MODEL=$model run 0 soundless inspect "$scratch/v.mp4" --json --published
check default_is_used grep -q '"seen"' "$scratch/out"

# a track beside it
run 0 with inspect "$scratch/v.mp4" --with "$scratch/t.wav" --model "$model" --png "$scratch/m.png"
check with_line grep -qE '^with      t\.wav: match -?[01]\.[0-9]{2}, pair [01]\.[0-9]{2}, from 0:[0-9]{2} on \(clip [123] of 3\)$' "$scratch/out"
check with_heard grep -qE '^  heard   ' "$scratch/out"
check with_png test "$(head -c 4 "$scratch/m.png" | tail -c 3)" = PNG
run 0 with_json inspect "$scratch/v.mp4" --with "$scratch/t.wav" --model "$model" --json --published
check with_cosines grep -qE '"with": \{"path": "[^"]*t\.wav", "score": .*"cosines": \[\[-?[01]\.[0-9]*, .*"heard": \[' "$scratch/out"
run 0 music_with inspect "$scratch/t.wav" --with "$scratch/t.wav" --model "$model" --json
check itself grep -qE '"score": 1\.0, "pair": null, "offset": 0,' "$scratch/out"
finish
