#!/bin/bash
# Hostile and broken inputs: one clear line, the right exit status, and the rest goes on.
. "$(dirname "$0")/lib.sh"
bad=$scratch/bad
lib=$scratch/music.nd
mkdir -p "$bad"
ffmpeg_quiet() { ffmpeg -nostdin -v error -y "$@" < /dev/null; }

# one good track among the bad
ffmpeg_quiet -f lavfi -i 'sine=220:duration=8' -af 'apulsator=hz=2' "$bad/good.wav"
printf 'this is a text file\n' > "$bad/text.mp3"
: > "$bad/empty.flac"
ffmpeg_quiet -f lavfi -i 'sine=330:duration=1' "$bad/short.wav"
ffmpeg_quiet -f lavfi -i 'anullsrc=r=16000:cl=mono' -t 36000 -c:a flac "$bad/ten_hours.flac"
ffmpeg_quiet -f lavfi -i 'aevalsrc=sin(440*t):d=6:s=192000' -filter_complex \
    'aeval=val(0)|val(0)|val(0)|val(0)|val(0)|val(0)|val(0)|val(0)|val(0)|val(0)|val(0)|val(0)|val(0)|val(0)|val(0)|val(0)|val(0)|val(0)|val(0)|val(0)|val(0)|val(0)|val(0)|val(0)' \
    "$bad/wide.wav"
ffmpeg_quiet -f lavfi -i 'aevalsrc=if(gt(mod(t\,1)\,0.5)\,sin(1000*t)\,0/0):d=6' -c:a pcm_f32le "$bad/nan.wav"
printf '#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n/etc/passwd\n' > "$bad/list.mp3"
printf '#EXTM3U\n#EXTINF:10,\nhttp://127.0.0.1:9/song.mp3\n' > "$bad/url.ogg"
printf "ffconcat version 1.0\nfile '/etc/passwd'\n" > "$bad/concat.wav"
cp "$bad/good.wav" "$bad/$(printf 'new\nline.wav')"
cp "$bad/good.wav" "$bad/$(printf 'latin1-\xe9.wav')"
head -c 300 "$bad/good.wav" > "$bad/cut.wav"

run 3 index_goes_on index "$lib" "$bad" --json
check good_ones_are_in test "$(json_value tracks "$scratch/out")" -ge 5
run 0 failures list "$lib" --failed --json
cp "$scratch/out" "$scratch/failed"
for name in text.mp3 empty.flac short.wav ten_hours.flac list.mp3 url.ogg concat.wav; do
    check "failed_$name" grep -q "$name\", \"reason\": \"[^\"]" "$scratch/failed"
done
check nothing_of_passwd_is_shown bash -c "! grep -q 'root:' '$scratch/failed'"
run 0 failures_text list "$lib" --failed
check newline_is_escaped bash -c "'$nd' list '$lib' | grep -q 'new.nline.wav'"
run 0 list_json_is_utf8 list "$lib" --json
check path_hex grep -q '"path_hex"' "$scratch/out"
check list_is_valid_utf8 iconv -f UTF-8 -t UTF-8 "$scratch/out"
run 3 index_again_retries_nothing index "$lib" "$bad" --json
check again_analyses_nothing test "$(json_value music_s "$scratch/out")" = 0.0

# videos
ffmpeg_quiet -f lavfi -i 'testsrc=size=320x240:rate=25:duration=6' -c:v mpeg4 "$scratch/v.mp4"
head -c 20000 "$scratch/v.mp4" > "$scratch/truncated.mp4"
ffmpeg_quiet -f lavfi -i 'color=red:size=16x16:rate=5:duration=4' -vf scale=1:1 -c:v ffv1 "$scratch/tiny.mkv"
ffmpeg_quiet -f lavfi -i 'color=red:size=64x64:rate=1:duration=4' -vf scale=16000:16000 -c:v mjpeg -q:v 31 "$scratch/huge.avi"
ffmpeg_quiet -f lavfi -i 'sine=440:duration=5' "$scratch/sound_only.m4a"
run 1 recommend_truncated recommend "$lib" "$scratch/truncated.mp4"
one_line recommend_truncated_line 'truncated\.mp4'
run 0 recommend_1x1 recommend "$lib" "$scratch/tiny.mkv"
run 0 recommend_16000 recommend "$lib" "$scratch/huge.avi"
# FFmpeg itself can make and read no picture of 16384 x 16384: one that claims to be is refused
printf 'YUV4MPEG2 W16384 H16384 F1:1 C420\nFRAME\n' > "$scratch/claim.y4m"
head -c 100000 /dev/zero >> "$scratch/claim.y4m"
run 1 recommend_16384 recommend "$lib" "$scratch/claim.y4m"
one_line recommend_16384_line 'claim\.y4m'
ffmpeg_quiet -f lavfi -i 'testsrc=duration=0.2:rate=5' -frames:v 1 -c:v mpeg4 "$scratch/one.mp4"
run 1 recommend_one_frame recommend "$lib" "$scratch/one.mp4"
one_line recommend_one_frame_line 'short|2 s'
run 1 recommend_no_picture recommend "$lib" "$scratch/sound_only.m4a"
one_line recommend_no_picture_line 'sound_only\.m4a'
run 1 recommend_text_file recommend "$lib" "$bad/text.mp3"
run 1 recommend_folder recommend "$lib" "$bad"
one_line recommend_folder_line 'folder'
printf '#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n%s\n' "$scratch/v.mp4" > "$scratch/list.m3u8"
run 1 playlist_opens_nothing inspect "$scratch/list.m3u8"


# --json is one object on stdout, also where all fails
# one_object NAME PATTERN: what the last run printed is one line that is an object with PATTERN
one_object() {
    if [ "$(wc -l < "$scratch/out")" = 1 ] && grep -qE "^\{.*$2.*\}\$" "$scratch/out"; then pass "$1"
    else fail "$1" "one object with /$2/ expected, found: $(head -c 300 "$scratch/out")"; fi
}
run 1 json_inspect_text inspect "$bad/text.mp3" --json
one_object json_inspect_text_object '"error": \{"code": "EFORMAT", "reason": "[^"]*text\.mp3'
run 1 json_no_library list "$scratch/absent.nd" --json
one_object json_no_library_object '"code": "ENOTFOUND"'
run 1 json_recommend_none recommend "$lib" "$bad/text.mp3" "$scratch/absent.mp4" --json
one_object json_recommend_none_object '"videos": \[\]'
run 1 json_embed_none embed --what onset --out "$scratch/x.npy" "$bad/text.mp3" --json
one_object json_embed_none_object '"arrays": \[\]'
run 1 json_index_absent index "$scratch/new.nd" "$scratch/no/such/folder" --json
one_object json_index_absent_object '"error"'

# libraries
cp "$bad/good.wav" "$scratch/notalib.nd"
run 1 not_a_library list "$scratch/notalib.nd"
one_line not_a_library_line 'notalib\.nd'
run 1 not_a_library_index index "$scratch/notalib.nd" "$bad"
check not_a_library_untouched cmp "$scratch/notalib.nd" "$bad/good.wav"
sqlite3 "$scratch/other.nd" 'create table x(y)'
run 1 other_database list "$scratch/other.nd"
cp "$lib" "$scratch/newer.nd"
sqlite3 "$scratch/newer.nd" 'pragma user_version = 9999' > /dev/null
run 1 newer_version list "$scratch/newer.nd"
one_line newer_version_line 'version'
run 1 absent_folder index "$scratch/new.nd" "$scratch/no/such/folder"
one_line absent_folder_line 'no/such/folder'
check absent_folder_makes_no_library test ! -e "$scratch/new.nd"
run 1 library_in_absent_folder index "$scratch/no/lib.nd" "$bad"
finish
