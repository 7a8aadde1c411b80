#!/bin/bash
# The main job end to end on made media: index, list, recommend, similar, inspect, embed; the same
# output from any number of workers; moved, changed and deleted files.
. "$(dirname "$0")/lib.sh"
media=$scratch/media
lib=$scratch/music.nd

run 0 synth synth media "$media" --tracks 5 --videos 2 --seed 3 --music-length 20 --video-length 10
run 0 index index "$lib" "$media/music" --json
check index_added test "$(json_value added "$scratch/out")" = 5
run 0 index_again index "$lib" "$media/music" --json
check index_unchanged test "$(json_value unchanged "$scratch/out")" = 5
check index_analysed_nothing test "$(json_value music_s "$scratch/out")" = 0.0
run 0 list list "$lib" --json
cp "$scratch/out" "$scratch/list1"
run 0 index_one_worker index "$scratch/one.nd" "$media/music" -j 1 -q
run 0 list_one_worker list "$scratch/one.nd" --json
check same_list_any_j cmp "$scratch/out" "$scratch/list1"

video=$(ls "$media"/video/*.mp4 | head -n 1)
run 0 recommend recommend "$lib" "$video" --json -j 2
cp "$scratch/out" "$scratch/ranking"
check recommend_five test "$(grep -o '"rank":' "$scratch/ranking" | wc -l)" = 5
check recommend_why grep -q '"why": "[A-Z]' "$scratch/ranking"
run 0 recommend_other_library recommend "$scratch/one.nd" "$video" --json -j 1
check same_ranking_any_j cmp "$scratch/out" "$scratch/ranking"
run 0 recommend_text recommend "$lib" "$video" -k 2
check recommend_says_start grep -qE 'use [0-9:]+ to [0-9:]+ of [0-9:]+, from [0-9.]+ s on' "$scratch/out"
run 0 recommend_all_videos recommend "$lib" "$media"/video/*.mp4 --json
check two_videos test "$(grep -o '"results"' "$scratch/out" | wc -l)" = 2
run 3 recommend_one_bad recommend "$lib" "$video" "$scratch/absent.mp4" --json
check one_good_left test "$(grep -o '"results"' "$scratch/out" | wc -l)" = 1
check the_bad_one_is_listed grep -q '"failed": \[{"path": "[^"]*absent.mp4", "reason": "[^"]' "$scratch/out"
run 0 filter_says_how_many recommend "$lib" "$video" --bpm 20-30
check filter_none grep -q '(0 tracks in all' "$scratch/out"
run 0 two_libraries recommend "$lib" --also "$scratch/one.nd" "$video" --json
check two_libraries_ten test "$(grep -o '"rank":' "$scratch/out" | wc -l)" = 10

track=$(ls "$media"/music/* | head -n 1)
run 0 similar similar "$lib" "$(basename "$track")" --json
check similar_finds grep -q '"tracks"' "$scratch/out"
run 1 similar_absent similar "$lib" no-such-track.ogg
run 0 inspect_music inspect "$track" --json --png "$scratch/track.png"
for key in duration_s tempo_bpm beats_s n_beats beat_strength beat_interval_s rhythm_class; do
    check "inspect_has_$key" grep -q "\"$key\":" "$scratch/out"
done
check png_is_png test "$(head -c 4 "$scratch/track.png" | tail -c 3)" = PNG
run 0 inspect_video inspect "$video" --json --png "$scratch/video.png"
for key in duration_s width height fps cuts_s flow_px flow_class; do
    check "inspect_has_$key" grep -q "\"$key\":" "$scratch/out"
done
run 0 inspect_published inspect "$track" --json --published
run 0 embed_fbank embed --what fbank --out "$scratch/f.npy" "$track"
check fbank_shape grep -qE '\[[0-9]+, 398, 80\] f32' "$scratch/out"
run 0 embed_frames embed --what frames --out "$scratch/g.npy" "$video"
check frames_shape grep -qE '\[[0-9]+, 224, 896\] f32' "$scratch/out"
run 0 embed_onset embed --what onset --out "$scratch/o.npy" "$track"
run 1 embed_unknown embed --what nonsense --out "$scratch/x.npy" "$track"
check embed_unknown_writes_nothing test ! -e "$scratch/x.npy"
mkdir "$scratch/arrays" "$scratch/same"
cp "$track" "$scratch/same/"
run 3 embed_two_of_one_name embed --what onset --out "$scratch/arrays" "$track" "$scratch/same/$(basename "$track")"
check embed_keeps_the_first test "$(wc -l < "$scratch/out")" = 1
one_line embed_names_the_first "holds the array of $track"

mv "$track" "$media/music/moved.ogg"
rm "$(ls "$media"/music/*.ogg | grep -v moved | head -n 1)"
run 0 index_follows index "$lib" --json
check index_moved test "$(json_value moved "$scratch/out")" = 1
check index_removed test "$(json_value removed "$scratch/out")" = 1
check index_decoded_nothing test "$(json_value music_s "$scratch/out")" = 0.0
finish
