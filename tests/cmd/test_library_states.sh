#!/bin/bash
# A library through bad days: killed while indexing, locked, a full disk, a folder that may not be
# read, an output that nobody takes.
. "$(dirname "$0")/lib.sh"
music=$scratch/music
lib=$scratch/music.nd
mkdir -p "$music"
for i in $(seq 1 24); do
    ffmpeg -nostdin -v error -y -f lavfi -i "sine=$((200 + 20 * i)):duration=20" \
        -af 'apulsator=hz=2' "$music/$i.wav" < /dev/null
done

# killed at any moment: what was done stays done, and the next run does the rest
"$nd" index "$lib" "$music" -q -j 2 2> /dev/null & pid=$!
sleep 0.5
kill -9 $pid
wait $pid 2> /dev/null
run 0 readable_after_kill list "$lib" --json
check sound_after_kill test "$(sqlite3 "$lib" 'pragma integrity_check')" = ok
run 0 goes_on index "$lib" "$music" --json
check all_there test "$(json_value tracks "$scratch/out")" = 24

# Ctrl-C: one line, status 1, work kept
rm -f "$lib"*
"$nd" index "$lib" "$music" -q -j 1 2> "$scratch/err" & pid=$!
sleep 0.6
kill -INT $pid
wait $pid
check interrupt_status test $? = 1
one_line interrupt_line 'stopped'
run 0 goes_on_after_interrupt index "$lib" "$music" --json
check all_there_after_interrupt test "$(json_value tracks "$scratch/out")" = 24

# another indexer holds it: said at once; readers are not disturbed
flock "$lib-indexer" sleep 20 & holder=$!
sleep 0.3
run 1 locked index "$lib" "$music"
one_line locked_line 'another|in use'
run 0 readers_go_on list "$lib"
kill $holder 2> /dev/null
wait $holder 2> /dev/null

# nobody takes the output
"$nd" list "$lib" > /dev/full 2> "$scratch/err"
check full_output_status test $? = 1
one_line full_output_line 'writing the output'
"$nd" list --help > /dev/full 2> "$scratch/err"
check full_help_status test $? = 1

# a full disk: what was there is there still
small=$scratch/small
mkdir -p "$small"
if mount -t tmpfs -o size=300k tmpfs "$small" 2> /dev/null; then
    run 1 full_disk index "$small/music.nd" "$music" -q
    one_line full_disk_line 'disk|full|space'
    run 0 full_disk_readable list "$small/music.nd"
    cp "$scratch/out" "$scratch/kept"
    run 1 full_disk_array embed --what fbank --out "$small/x.npy" "$music/1.wav"
    check full_disk_leaves_nothing bash -c "! ls '$small'/x.npy* 2> /dev/null"
    umount "$small"
else
    skip full_disk "no right to mount a small disk"
fi

# a folder that may not be read is told, the rest goes on
mkdir -p "$scratch/open/closed"
cp "$music/1.wav" "$scratch/open/"
cp "$music/2.wav" "$scratch/open/closed/"
chmod 755 "$scratch" && chmod 000 "$scratch/open/closed"
as_nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
if [ "$(id -u)" = 0 ] && mkdir -m 777 "$scratch/free" &&
    "${as_nobody[@]}" sh -c "test -x '$build/needledrop-worker'"; then
    "${as_nobody[@]}" "$nd" index "$scratch/free/l.nd" "$scratch/open" --json > "$scratch/out" 2> "$scratch/err"
    check unreadable_folder_status test $? = 3
    check unreadable_rest_goes_on test "$(json_value tracks "$scratch/out")" = 1
    run 0 unreadable_listed list "$scratch/free/l.nd" --failed
    check unreadable_reason grep -q 'closed' "$scratch/out"
else
    skip unreadable_folder "cannot become another user here"
fi
chmod 755 "$scratch/open/closed"
finish
