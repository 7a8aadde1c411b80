#!/bin/bash
# Extraction through bad days: killed, stopped, locked, a full disk, broken media; and the same
# features whatever happened on the way.
. "$(dirname "$0")/lib.sh"
corpus=$scratch/corpus
run 0 media synth media "$scratch/made" --tracks 4 --videos 2 --music-length 8 --video-length 5 -q
mkdir -p "$corpus"
music=("$scratch"/made/music/*)
video=("$scratch"/made/video/*)

# a line of corpus.jsonl: ID VIDEO MUSIC
pair() { printf '{"id": "%s", "video": "%s", "music": "%s", "split": "train"}\n' "$1" "$2" "$3"; }

for i in 0 1 2 3; do pair "p$i" "${video[$((i % 2))]}" "${music[$i]}"; done > "$corpus/corpus.jsonl"

files_of() { sed 's/{"files": \([0-9]*\).*/\1/' "$1"; }

# all that two caches hold, whatever the order in which it came
digest() { "$nd" extract "$corpus" --cache "$1" --verify --json 2>&1; }
same_cache() { digest "$1"; digest "$2"; [ "$(digest "$1")" = "$(digest "$2")" ]; }

# wrong use
run 2 no_corpus extract
run 2 unknown_option extract "$corpus" --columns
run 1 unknown_medium extract "$corpus" --what smell
one_line unknown_medium_line 'music,video expected, found "smell"'
run 1 unknown_layout extract "$corpus" --layout columns
one_line unknown_layout_line 'layout rows, time'
run 1 absent_corpus extract "$scratch/none"
run 1 verify_without_cache extract "$corpus" --verify
one_line verify_without_cache_line 'none is there'
check nothing_made test ! -e "$corpus/cache"

# once, and again
run 0 first extract "$corpus" -j 2 --json
check first_counts test "$(json_value extracted "$scratch/out")" = 6
run 0 again extract "$corpus" --json
check again_counts test "$(json_value extracted "$scratch/out")$(json_value unchanged "$scratch/out")" = 06
run 0 verified extract "$corpus" --verify
run 0 summary extract "$corpus"
check bytes_an_hour grep -qE '^music: .* MB an hour' "$scratch/out"

run 0 one_worker extract "$corpus" -j 1 --cache "$scratch/one" -q
check same_at_any_number same_cache "$corpus/cache" "$scratch/one"

# other settings are refused, in one line that says what differs
run 1 other_settings extract "$corpus" --half
one_line other_settings_line '"fbank bands", now "fbank half"'
run 1 other_layout extract "$corpus" --layout time
one_line other_layout_line 'other settings'
run 0 beside extract "$corpus" --layout rows,time --half --measure --cache "$scratch/beside"
check measured grep -qE '^fbank as half, .* embeddings differ' "$scratch/out"

# statistics are added to what is there, and then wanted of all
run 0 statistics extract "$corpus" --statistics --cache "$scratch/one" --json
check statistics_of_music test "$(json_value extracted "$scratch/out")$(json_value unchanged "$scratch/out")" = 42
run 0 statistics_again extract "$corpus" --cache "$scratch/one" --json
check statistics_once test "$(json_value extracted "$scratch/out")" = 0
run 0 statistics_at_once extract "$corpus" --statistics --cache "$scratch/statistics" -q
check statistics_the_same same_cache "$scratch/one" "$scratch/statistics"

# killed at any moment, again and again: it ends where an undisturbed run ends
for after in 0.05 0.15 0.25 0.35; do
    "$nd" extract "$corpus" -q -j 2 --cache "$scratch/killed" 2> /dev/null & pid=$!
    sleep $after
    kill -9 $pid 2> /dev/null
    wait $pid 2> /dev/null
done
run 0 goes_on extract "$corpus" -j 1 --cache "$scratch/killed" --json
check all_there test "$(files_of "$scratch/out")" = 6
run 0 sound_after_kill extract "$corpus" --verify --cache "$scratch/killed"
check same_after_kill same_cache "$corpus/cache" "$scratch/killed"

# Ctrl-C: one line, status 1, work kept
"$nd" extract "$corpus" -q -j 1 --cache "$scratch/stopped" 2> "$scratch/err" & pid=$!
sleep 0.3
kill -INT $pid 2> /dev/null
wait $pid
status=$?
if [ $status = 0 ]; then skip interrupt "it was done before it was stopped"
else
    check interrupt_status test $status = 1
    one_line interrupt_line 'stopped'
fi
run 0 goes_on_after_interrupt extract "$corpus" --cache "$scratch/stopped" -q
check same_after_interrupt same_cache "$corpus/cache" "$scratch/stopped"

# two at once
(exec 9<> "$corpus/cache/features.index" && flock 9 && exec sleep 20) & holder=$!
sleep 0.3
run 1 locked extract "$corpus"
one_line locked_line 'another process'
run 0 readers_go_on extract "$corpus" --verify
kill $holder 2> /dev/null
wait $holder 2> /dev/null

# broken, absent and silent media cost themselves
head -c 3000 /dev/urandom > "$corpus/noise.mp4"
: > "$corpus/empty.ogg"
pair bad noise.mp4 empty.ogg >> "$corpus/corpus.jsonl"
pair gone gone.mp4 "${music[0]}" >> "$corpus/corpus.jsonl"
run 3 bad_media extract "$corpus" --json
check bad_media_listed test "$(grep -c . "$scratch/err")" = 3
check bad_media_json grep -q '"path": "noise.mp4", "reason"' "$scratch/out"
run 3 bad_media_known extract "$corpus" -q
check bad_media_listed_again test "$(grep -c . "$scratch/err")" = 3
cp "${video[0]}" "$corpus/noise.mp4"
cp "${music[1]}" "$corpus/empty.ogg"
run 3 mended extract "$corpus" --json -q
check mended_counts test "$(json_value extracted "$scratch/out")" = 2
cp "${video[1]}" "$corpus/noise.mp4"
run 3 changed extract "$corpus" --json -q
check changed_counts test "$(json_value extracted "$scratch/out")" = 1

# a cache that is damaged is told, and nothing is thrown away
cp -r "$corpus/cache" "$scratch/damaged"
printf X | dd of="$scratch/damaged/features.index" bs=1 seek=200 conv=notrunc 2> /dev/null
run 1 damaged extract "$corpus" --cache "$scratch/damaged" -q
one_line damaged_line 'damaged at byte'
printf X | dd of="$corpus/cache/features.data" bs=1 seek=5000 conv=notrunc 2> /dev/null
run 1 damaged_data extract "$corpus" --verify
one_line damaged_data_line 'is not what was written'

# a full disk: what was there stays, and there is more room later
small=$scratch/small
mkdir -p "$small"
if mount -t tmpfs -o size=300k tmpfs "$small" 2> /dev/null; then
    run 1 full_disk extract "$corpus" --what music --cache "$small/cache" -q -j 1
    one_line full_disk_line 'disk|full|space'
    run 0 full_disk_readable extract "$corpus" --cache "$small/cache" --verify --json
    check full_disk_kept test "$(json_value verified "$scratch/out")" -gt 0
    mount -o remount,size=30m "$small"
    run 0 full_disk_goes_on extract "$corpus" --what music --cache "$small/cache" --json
    check full_disk_all test "$(json_value failed "$scratch/out")$(files_of "$scratch/out")" = "[]5"
    umount "$small"
else
    skip full_disk "no right to mount a small disk"
fi
finish
