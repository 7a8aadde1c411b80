#!/bin/bash
# study new, serve, report from the command line: what is refused, what is rendered once, in stereo, at
# which loudness, what is blind, what a request stores.
. "$(dirname "$0")/lib.sh"
media=$scratch/media
study=$scratch/panel
maker=$build/tests/serve/test_search
run 0 synth synth media "$media" --tracks 4 --videos 2 --seed 3 --music-length 12 --video-length 3 -q
for track in "$media"/music/*; do # above what is in it: 9 kHz on the left, 11 kHz on the right
    ffmpeg -nostdin -v error -i "$track" -f lavfi -i 'aevalsrc=0.05*sin(2*PI*9000*t)|0.05*sin(2*PI*11000*t):s=48000' -filter_complex \
        '[0]aresample=48000,pan=stereo|c0=c0|c1=c0[m];[m][1]amix=duration=first:normalize=0' "$scratch/stereo.${track##*.}"
    mv "$scratch/stereo.${track##*.}" "$track"
done
for seed in 1 2; do
    check "made_$seed" "$maker" make "$scratch/m$seed.safetensors" recommended $seed
    run 0 "index_$seed" index "$scratch/l$seed.nd" "$media/music" --model "$scratch/m$seed.safetensors" -q
done
video=$(ls "$media"/video/*.mp4 | head -n 1)
a=(--system "a=$scratch/l1.nd" --model "a=$scratch/m1.safetensors")
b=(--system "b=$scratch/l2.nd" --model "b=$scratch/m2.safetensors")

# wrong ones first
run 2 nothing study new
run 2 no_such_part study dance "$study"
one_line no_such_part_line 'new, serve or report expected, found dance'
run 2 no_video study new "$study" "${a[@]}" "${b[@]}"
run 2 one_system study new "$study" "$video" "${a[@]}"
one_line one_system_line '2 to 6 of --system NAME=LIBRARY expected, found 1'
run 2 no_equals study new "$study" "$video" "${a[@]}" --system music.nd
run 2 no_name study new "$study" "$video" "${a[@]}" --system =music.nd
run 2 no_such_system study new "$study" "$video" "${a[@]}" "${b[@]}" --model c=x
one_line no_such_system_line 'no --system has this name'
run 2 other_parts_option study new "$study" "$video" "${a[@]}" "${b[@]}" --port 80
one_line other_parts_option_line -- '--port is not for new'
for wait in 0 61 x nan; do run 2 "listen_$wait" study new "$study" "$video" "${a[@]}" "${b[@]}" --listen $wait; done
run 1 twice study new "$study" "$video" "${a[@]}" --system "a=$scratch/l2.nd"
one_line twice_line 'two systems are named a'
run 1 absent_library study new "$study" "$video" "${a[@]}" --system "c=$scratch/absent.nd"
run 1 wrong_model study new "$study" "$video" "${a[@]}" --system "b=$scratch/l2.nd" --model "b=$scratch/m1.safetensors"
check nothing_made test ! -e "$study"
for part in serve report; do
    run 1 "no_study_$part" study $part "$study"
    one_line "no_study_${part}_line" 'there is no study'
done
run 2 serve_two study serve "$study" b
run 2 port study serve "$study" --port 70000
run 2 invite study serve "$study" --invite 0

# one video that cannot be read does not stop the rest; nothing is rendered twice
run 3 new study new "$study" "$scratch/absent.mp4" "$video" "${a[@]}" "${b[@]}" --listen 0.1 --json
check new_failed grep -q '"videos": 1, "shown": [01], "rendered": 1, "failed": \[{"path": ".*absent.mp4"' "$scratch/out"
ls -l --time-style=full-iso "$study/media" > "$scratch/before"
run 0 again study new "$study" "$video" "${a[@]}" "${b[@]}" --json
check again_none grep -q '"videos": 1, "shown": [01], "rendered": 0}' "$scratch/out"
check same_files sh -c "ls -l --time-style=full-iso '$study/media' | cmp - '$scratch/before'"
run 1 other_systems study new "$study" "$video" "${b[@]}" "${a[@]}"
one_line other_systems_line 'its 2 systems expected'

# opaque names, one loudness, left and right where they were
level() { # FILE CHANNEL HZ: in dB, in a band of 200 Hz
    ffmpeg -nostdin -nostats -i "$1" -af "pan=mono|c0=c$2,bandpass=f=$3:width_type=h:w=200,volumedetect" -f null - 2>&1 |
        sed -n 's/.*mean_volume: \([-0-9.]*\) dB/\1/p'
}
query() { sqlite3 "$study/study.db" "$1"; }
files=$(query "SELECT file FROM versions")
lufs=$(query "SELECT lufs FROM videos")
for file in $files; do
    check opaque_name grep -qE '^[0-9a-f]{32}\.webm$' <<< "$file"
    found=$(ffmpeg -nostats -i "$study/media/$file" -filter_complex ebur128=peak=true -f null - 2>&1 |
            sed -n 's/^ *\(I\|Peak\): *\([-0-9.]*\).*/\2/p' | tail -n 2 | tr '\n' ' ')
    check "loudness" python3 -c "
import sys
lufs, peak = map(float, sys.argv[1].split())
sys.exit(not (abs(lufs - $lufs) < 0.25 and $lufs <= -16 and peak < 0))" "$found"
    check two_channels test "$(ffprobe -v error -select_streams a -show_entries stream=channels -of csv=p=0 "$study/media/$file")" = 2
    levels="$(level "$study/media/$file" 0 9000) $(level "$study/media/$file" 1 9000) $(level "$study/media/$file" 0 11000) $(level "$study/media/$file" 1 11000)"
    check left_and_right python3 -c "
import sys
a, b, c, d = map(float, sys.argv[1].split())
sys.exit(not (a > b + 12 and d > c + 12))" "$levels"
    check no_name_in_it sh -c "! ffprobe -v error -show_format '$study/media/$file' | grep -iqE 'title|artist|orchard|river'"
done
check first_choices test "$(query "SELECT COUNT(*) FROM choices WHERE start_s >= 0")" = 2

# served, and asked
if [ "$(query "SELECT n_versions FROM videos")" = 1 ]; then # the made models agree: show it all the same
    query "INSERT INTO versions (video, file, systems) SELECT video, 'x.webm', 2 FROM versions;
           UPDATE versions SET systems = 1 WHERE id = 1; UPDATE videos SET n_versions = 2" > /dev/null
fi
"$nd" study serve "$study" --port 0 --invite 2 > "$scratch/links" 2> "$scratch/serve.err" &
server=$!
for _ in $(seq 100); do [ "$(wc -l < "$scratch/links")" = 3 ] && break; sleep 0.1; done
url=$(head -n 1 "$scratch/links")
link=$(tail -n 1 "$scratch/links")
check links test "$(grep -cE '^http://127.0.0.1:[0-9]+/\?invite=[0-9a-f]{32}$' "$scratch/links")" = 2
python3 - "$url" "${link#*\?}" > "$scratch/asked" << 'END'
import json, sys, time, urllib.request
url, invite = sys.argv[1:]
def ask(name, body=None):
    request = urllib.request.Request(url + "/api/" + name + "?" + invite,
        json.dumps(body).encode() if body else None, {"Content-Type": "application/json"})
    return json.load(urllib.request.urlopen(request))
assert b"Which music fits better" in urllib.request.urlopen(url).read()
assert ask("state")["needs_invite"]
q = ask("begin", {"theory": True, "habit": 0})
time.sleep(0.3)
print(ask("answer", {"place": 1, "choice": 1, "played_s": [1] * len(q["versions"])})["stage"])
END
check answered grep -q done "$scratch/asked"
kill -TERM $server
check stops wait $server
"$nd" study serve "$study" --port 0 --invite 1 --json > "$scratch/served" 2>> "$scratch/serve.err" &
server=$!
for _ in $(seq 100); do [ -s "$scratch/served" ] && break; sleep 0.1; done
check served_json grep -qE '^\{"address": "http://127.0.0.1:[0-9]+", "invitations": \["http://[^"]+"\]\}$' "$scratch/served"
kill -INT $server
check stops_again wait $server
check no_warning test ! -s "$scratch/serve.err"
run 0 report study report "$study"
check report_counts grep -q '1 people began, 1 counted' "$scratch/out"
check report_shares grep -qE '^  [ab] +100\.0 \[ *20\.7, 100\.0\]' "$scratch/out"
run 0 report_json study report "$study" --json --plot "$scratch/p.png"
check report_group grep -q '"groups": \[{"group": "all", "people": 1, "answers": 1' "$scratch/out"
check plot test "$(head -c 4 "$scratch/p.png" | tail -c 3)" = PNG
run 1 plot_nowhere study report "$study" --plot "$scratch/none/p.png"
head -c 5000 /dev/urandom > "$study/study.db"; rm -f "$study"/study.db-*
run 1 damaged study report "$study"
one_line damaged_line 'study.db: file is not a database'
finish
