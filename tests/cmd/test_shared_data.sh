#!/bin/bash
# All real media beside the checkout: nothing fails without a reason that is known, twins are
# neighbours, and the published numbers come out of the program.
. "$(dirname "$0")/lib.sh"
data=../shared/data
if [ ! -d $data ]; then skip shared_data "no ../shared/data"; finish; fi
lib=$scratch/music.nd

"$nd" index "$lib" $data/music --json -q > "$scratch/out" 2> "$scratch/err"
check all_but_failed_are_in test "$(json_value tracks "$scratch/out")" -ge 60
run 0 failures list "$lib" --failed --json
check no_failure bash -c "! grep -q '\"reason\"' '$scratch/out'"
for twin in caves_1 sewers_1 prison_1; do
    run 0 "similar_$twin" similar "$lib" "shattered_pixel_dungeon/$twin.ogg" -k 1 --json
    check "twin_${twin}_first" grep -q "shattered_pixel_dungeon_mp3/$twin.mp3" "$scratch/out"
done
for video in $data/video/*/*.m[pk][4v] $data/video/*/*.webm; do
    run 0 "inspect_$(basename "$video")" inspect "$video" --json
done
run 0 recommend recommend "$lib" $data/video/moviepy_media/chaplin.mp4 -k 3
finish
