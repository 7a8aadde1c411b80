#!/bin/bash
# needledrop corpus: pairs made from folders, lists and ids; a corpus checked.
. "$(dirname "$0")/lib.sh"
nd=$(realpath "$nd")
data=$(realpath -m ../shared/data)
cd "$scratch" || exit 1

# ---- wrong usage
run 2 corpus_nothing corpus
run 2 corpus_unknown corpus frobnicate x
run 2 corpus_check_nothing corpus check
run 2 corpus_folders_without corpus from-folders c
run 2 corpus_videos_without corpus from-videos c
run 2 corpus_list_without corpus from-list c
run 2 corpus_himv_without corpus himv c .
run 2 corpus_split_wrong corpus from-videos c . --split 80/20
run 2 corpus_split_no_training corpus from-videos c . --split 0/1/1
run 2 corpus_both corpus from-videos c . --spread-tracks --keep-tracks-together
run 1 corpus_no_folder corpus from-videos c nothing
one_line corpus_no_folder_says 'nothing: No such file'
run 1 corpus_check_no_corpus corpus check .
one_line corpus_check_no_corpus_says 'corpus.jsonl: No such file'
mkdir empty
run 1 corpus_no_pair corpus from-videos c empty
check corpus_no_pair_no_folder test ! -e c
run 0 corpus_help corpus --help

# ---- made media: four pairs by name, one with a partner that is not media, one without
run 0 corpus_media synth media made --tracks 5 --videos 5 --music-length 10 --video-length 3 -q
mkdir -p v/sea m/sea
i=0; for f in made/video/*.mp4; do i=$((i+1)); mv "$f" v/sea/f$i.mp4; done
i=0; for f in made/music/*.ogg; do i=$((i+1)); mv "$f" m/sea/f$i.ogg; done
mv m/sea/f5.ogg m/sea/other.ogg
head -c 3000 /dev/urandom > v/sea/broken.mp4
cp m/sea/f1.ogg m/sea/broken.ogg
echo 'by the sea #waves #día' > v/sea/f1.txt
echo '{"tags": ["holiday"]}' > m/sea/f2.json

run 3 corpus_folders corpus from-folders c --videos v --music m
check corpus_folders_counts grep -q '^c: 4 pairs: 2 for training, 1 for validation, 1 for the test' out
check corpus_folders_unpaired grep -q 'v/sea/f5.mp4: no music has its name' out
check corpus_folders_unused grep -q 'music that no video has: 1' out
check corpus_folders_unreadable grep -q 'v/sea/broken.mp4: ' out
check corpus_folders_tags grep -q '"tags": \["sea", "waves", "día"' c/corpus.jsonl
check corpus_folders_sidecar grep -q 'f2.*"holiday"' c/corpus.jsonl
cp c/corpus.jsonl first.jsonl
run 3 corpus_again corpus from-folders c --videos v --music m -j 1 --json
check corpus_same_bytes cmp c/corpus.jsonl first.jsonl
check corpus_json_unpaired grep -q '"unpaired": \[{"path": "v/sea/f5.mp4"' out
check corpus_json_failed grep -q '"failed": \[{"path": "v/sea/broken.mp4"' out
run 3 corpus_paths corpus from-folders . --videos v --music m -q
check corpus_relative grep -q '"video": "v/sea/f1.mp4"' corpus.jsonl
run 0 corpus_check corpus check c
check corpus_check_no_leaks grep -q 'leaks between splits: none found' out

# ---- one recording under two names, in another format, in another split
cat > leaky.csv << 'LIST'
video,music,start_s,tags
v/sea/f1.mp4,m/sea/f1.ogg,1.5,a;b
v/sea/f2.mp4,m/sea/f2.ogg,,
v/sea/f3.mp4,m/sea/f1.ogg,,c
v/sea/f4.mp4,m/sea/copy.ogg,,
LIST
cp m/sea/f1.ogg m/sea/copy.ogg
run 0 corpus_list corpus from-list l --pairs leaky.csv
check corpus_list_groups grep -q '2 tracks .* 2 groups' out
run 0 corpus_spread corpus from-list l --pairs leaky.csv --spread-tracks --split 2/1/1 --no-listening
run 0 corpus_leaks corpus check l --no-listening
check corpus_leaks_found grep -qE '^  same (track|bytes): ' out
check corpus_leaks_twins grep -q 'copy.ogg = ' out
run 0 corpus_leaks_json corpus check l --json
check corpus_leaks_json_kinds grep -qE '"kind": "same (track|bytes)"' out

# ---- own sound, ids
if command -v ffmpeg > /dev/null; then
    for n in aaaaaaaaaaa bbbbbbbbbbb; do
        ffmpeg -loglevel error -f lavfi -i testsrc=d=5:s=64x48:r=10 -f lavfi \
            -i "sine=d=5:f=$((${#n} * 40))" "$PWD/Clip [$n].mp4" < /dev/null
    done
    mkdir held; mv Clip*.mp4 held; cp v/sea/f2.mp4 held/silent.mp4
    run 0 corpus_own_sound corpus from-videos o held
    check corpus_own_sound_silent grep -q 'silent.mp4: it has no sound' out
    printf 'aaaaaaaaaaa\nccccccccccc\n' > ids
    run 0 corpus_himv corpus himv h held --ids ids
    check corpus_himv_missing grep -q 'ids without media: 1 of 2' out
    check corpus_himv_pair grep -q '"id": "aaaaaaaaaaa"' h/corpus.jsonl
else
    skip corpus_own_sound 'no ffmpeg to make a video with sound'
fi

# ---- real music: the same pieces in other files
if [ -d "$data" ]; then
    music=$data/music video=$data/video/moviepy_media/chaplin.mp4
    for track in "$music"/shattered_pixel_dungeon*/{caves,sewers}_1.* "$music"/neverball/inter.ogg; do
        echo "$video,$track"
    done > real.csv
    run 0 corpus_real corpus from-list r --pairs real.csv
    check corpus_real_tracks grep -q '3 tracks' out
    run 0 corpus_real_check corpus check r
    check corpus_real_twins grep -q 'music that sounds alike: 2' out
else
    skip corpus_real 'no ../shared/data'
fi

# ---- broken lines
printf '{"id"\n{"id": "x", "video": "gone.mp4", "music": "gone.mp4", "split": "test"}\n' >> c/corpus.jsonl
run 3 corpus_broken corpus check c --no-listening
check corpus_broken_line grep -q 'line 5, column [0-9]*: not JSON' out
check corpus_broken_file grep -q 'c/gone.mp4: .*No such file' out
finish
