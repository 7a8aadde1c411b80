#!/bin/bash
# needledrop tags: reports, files, bad input, real vocabularies.
. "$(dirname "$0")/lib.sh"
corpus=$scratch/corpus
mkdir -p "$corpus"

# line ID VIDEO MUSIC SPLIT TAGS
line() {
    printf '{"id": "%s", "video": "%s", "music": "%s", "tags": [%s], "split": "%s"}\n' \
        "$1" "$2" "$3" "$5" "$4"
}
good_corpus() {
    line 1 a.mp4 m.mp3 train '"#CalmPianos", "rain", "!!"'
    line 2 b.mp4 n.mp3 train '"calm piano", "Rain", "only here"'
    line 3 c.mp4 n.mp3 train '"rain", "hiphop", "calm piano"'
    line 4 d.mp4 o.mp3 train '"Hip-Hop", "音樂"'
    line 5 e.mp4 p.mp3 test '"hip hop", "later"'
}

run 2 no_corpus tags
run 2 bad_count tags "$corpus" --min-video 0
run 2 bad_dim tags "$corpus" --dim 513
run 1 no_corpus_there tags "$corpus"
one_line no_corpus_there_line 'corpus\.jsonl'
good_corpus > "$corpus/corpus.jsonl"
run 1 nearest_before_tags tags "$corpus" --nearest calm
one_line nearest_before_tags_line 'tags\.json.*needledrop tags'

run 0 report tags "$corpus"
check report_tag grep -qE '^  calm piano +3 +2$' "$scratch/out"
check report_reason grep -qE '^ +1 in no training pair$' "$scratch/out"
check report_dropped grep -qE '^  only here +1 +1  too few videos and tracks$' "$scratch/out"
check report_files grep -qE '^9 files labelled, 0 without' "$scratch/out"
cp "$corpus/tags.json" "$scratch/first.json"
run 0 report_json tags "$corpus" --json
check json_tags grep -qF '"tags": [{"name": "calm piano", "videos": 3, "tracks": 2}' "$scratch/out"
check json_dropped grep -qF '{"name": "later", "videos": 0, "tracks": 0, "reason": "in no training pair"}' "$scratch/out"
check same_bytes cmp "$corpus/tags.json" "$scratch/first.json"
check item grep -qF '"e.mp4": [1]' "$corpus/tags.json"
check nothing_left_over test "$(find "$corpus" -type f | wc -l)" = 3
run 0 quiet tags "$corpus" -q
check quiet_is_quiet test ! -s "$scratch/out"

run 0 nearest tags "$corpus" --nearest 'Calm Pianos' -k 2
check nearest_itself grep -qE '^ 1\.000  calm piano$' "$scratch/out"
check nearest_k test "$(wc -l < "$scratch/out")" = 2
run 0 nearest_json tags "$corpus" --nearest rain -k 1 --json
check nearest_json_is grep -qxF '{"text": "rain", "known": true, "nearest": [{"name": "rain", "cosine": 1.0}]}' "$scratch/out"
run 0 nearest_unknown tags "$corpus" --nearest zither
one_line nearest_unknown_line 'letters alone'
run 1 nearest_nothing tags "$corpus" --nearest '?!'
run 1 nearest_not_utf8 tags "$corpus" --nearest "$(printf '\377')"
one_line nearest_not_utf8_line 'UTF-8'

printf 'hip hop, rap\n! rain\n' > "$scratch/same.txt"
run 0 synonyms tags "$corpus" --synonyms "$scratch/same.txt"
check synonyms_drop grep -qE '^  rain +3 +2  dropped by the synonyms file$' "$scratch/out"
printf 'hip hop, rap\nrap, x\n' > "$scratch/same.txt"
run 1 bad_synonyms tags "$corpus" --synonyms "$scratch/same.txt"
one_line bad_synonyms_line 'line 2, column 1'
printf '2 2\ncalm 1 0\npiano 1 .1\n' > "$scratch/words.vec"
run 0 vectors tags "$corpus" --vectors "$scratch/words.vec"
check vectors_dim grep -q 'vectors of 2 numbers' "$scratch/out"
run 0 nearest_vectors tags "$corpus" --nearest calm -k 1 --vectors "$scratch/words.vec"
check nearest_vectors_is grep -q 'calm piano' "$scratch/out"
printf '2 2\ncalm 1 0\npiano 1\n' > "$scratch/words.vec"
run 1 bad_vectors tags "$corpus" --vectors "$scratch/words.vec"
one_line bad_vectors_line 'line 3'

# bad input: broken lines are told and the rest goes on; nothing to make a set of
cp "$corpus/tags.json" "$scratch/first.json"
{ good_corpus; echo '{"id": '; line 6 f.mp4 m.mp3 train "\"$(head -c 5000000 /dev/zero | tr '\0' x)\""
  line 7 g.mp4 m.mp3 train "\"$(printf '\377')\""; } > "$corpus/corpus.jsonl"
run 3 broken_lines tags "$corpus" --min-video 1 --min-music 1
check broken_line_is_told grep -q 'line 6, column' "$scratch/err"
check a_long_tag_is_told grep -q 'line 7, column .* left out' "$scratch/err"
cp "$corpus/tags.json" "$scratch/first.json"
line 1 a.mp4 m.mp3 train '' > "$corpus/corpus.jsonl"
run 1 no_tags tags "$corpus"
one_line no_tags_line 'no pair has a tag'
check tags_stay cmp "$corpus/tags.json" "$scratch/first.json"
: > "$corpus/corpus.jsonl"
run 1 no_pairs tags "$corpus"
line 1 a.mp4 m.mp3 train '"calm"' > "$corpus/corpus.jsonl"
run 0 one_tag tags "$corpus" --min-video 1 --min-music 1
run 0 one_tag_nearest tags "$corpus" --nearest "anything"
cp "$corpus/tags.json" "$scratch/first.json"
mv "$corpus/tags.vec" "$scratch/kept.vec"
ln -s /dev/full "$corpus/tags.vec"
run 1 disk_full tags "$corpus" --min-video 1 --min-music 1
one_line disk_full_line 'tags\.vec: No space left'
check disk_full_tags_stay cmp "$corpus/tags.json" "$scratch/first.json"
rm "$corpus/tags.vec"
mkdir "$corpus/tags.vec"
run 1 not_writable tags "$corpus" --min-video 1 --min-music 1
one_line not_writable_line 'tags\.vec'
rmdir "$corpus/tags.vec"
mv "$scratch/kept.vec" "$corpus/tags.vec"

# MTG-Jamendo's moods and themes, a made video for each track
moods=../shared/data/tags/mtg_jamendo/data__splits__split-0__autotagging_moodtheme-train.tsv
if [ ! -r "$moods" ]; then
    skip jamendo "no ../shared/data"
    finish
fi
mkdir -p "$scratch/jamendo"
tr -d '\r' < "$moods" | awk -F '\t' 'NR > 1 { tags = ""
    for (i = 6; i <= NF; i++) { sub(/.*---/, "", $i); tags = tags (i > 6 ? ", " : "") "\"" $i "\"" }
    printf "{\"id\": \"%s\", \"video\": \"%s.mp4\", \"music\": \"%s\", \"tags\": [%s], \"split\": \"train\"}\n",
           $1, $1, $4, tags }' > "$scratch/jamendo/corpus.jsonl"
run 0 jamendo tags "$scratch/jamendo"
check jamendo_tags grep -qE '^5[0-9] tags$' "$scratch/out"
# near NAME TEXT EXPECTED: of the five tags nearest to TEXT one is EXPECTED
near() {
    run 0 "$1" tags "$scratch/jamendo" --nearest "$2" -k 5
    check "$1_is" grep -qE "  ($3)\$" "$scratch/out"
}
near jamendo_epic epic 'trailer|action|dramatic'
near jamendo_love love 'romantic|ballad'
near jamendo_unseen meditation meditative
near jamendo_two_words 'calm piano' 'soft|ballad'

# the same tags with GloVe's vectors: its JSON as lines of words and numbers
tr ']' '\n' < ../shared/data/weights/glove_50d_5k/glove-50d-5k.json |
    sed -n '/^[,{] *"[^"]*,/d; s/^[,{] *"\(.*\)": *\[/\1 /p' | tr ',' ' ' > "$scratch/glove.vec"
run 0 jamendo_glove tags "$scratch/jamendo" --vectors "$scratch/glove.vec"
check jamendo_glove_dim grep -q 'vectors of 50 numbers' "$scratch/out"
run 0 jamendo_glove_nearest tags "$scratch/jamendo" --nearest actor -k 3 --vectors "$scratch/glove.vec"
check jamendo_glove_nearest_is grep -qE '  (film|movie)$' "$scratch/out"
finish
