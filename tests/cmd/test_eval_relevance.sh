#!/bin/bash
# What people judged, at the command line: the ranking of recommend, of any system, of a model.
. "$(dirname "$0")/lib.sh"
run 0 media synth media "$scratch/made" --tracks 5 --videos 4 --music-length 12 --video-length 9 -q
music=("$scratch"/made/music/*)
video=("$scratch"/made/video/*)
name() { basename "$1"; }

# judged by name alone, as a person writes it; a line is bad, one names nobody
judged=$scratch/judged.tsv
{
    printf '# video\ttrack\tgrade\n'
    printf '%s\t%s\t2\n' "$(name "${video[0]}")" "$(name "${music[0]}")"
    printf '%s\t%s\t0\n' "$(name "${video[0]}")" "$(name "${music[1]}")"
    printf '%s\t%s\t1\n' "$(name "${video[1]}")" "$(name "${music[2]}")"
    printf '%s\t%s\tfine\n' "$(name "${video[1]}")" "$(name "${music[3]}")"
    printf 'nobody.mp4\t%s\t3\n' "$(name "${music[3]}")"
} > "$judged"
ranking=$scratch/ranking.tsv
{
    printf 'video\ttrack\tscore\n'
    printf '%s\t%s\t0.9\n' "${video[0]}" "${music[0]}"
    printf '%s\t%s\t0.7\n' "${video[0]}" "${music[1]}"
    printf '%s\t%s\t0.9\n' "${video[1]}" "${music[4]}"
    printf '%s\t%s\t0.8\n' "${video[1]}" "${music[2]}"
} > "$ranking"

# wrong use
run 2 ranking_alone eval --ranking "$ranking"
one_line ranking_alone_line '--ranking needs --relevance FILE'
run 2 nothing_to_measure eval --relevance "$judged"
one_line nothing_to_measure_line 'needs CORPUS and --model FILE, or --ranking FILE'
run 2 both eval "$scratch" --relevance "$judged" --ranking "$ranking"
one_line both_line 'CORPUS or --ranking expected, found both'
run 2 model_and_ranking eval --relevance "$judged" --ranking "$ranking" --model x
one_line model_and_ranking_line '--model does not go with --ranking'
run 2 probe eval "$scratch" --relevance "$judged" --model x --probe
one_line probe_line '--probe does not go with --relevance'
run 2 no_grade eval --relevance "$judged" --ranking "$ranking" --relevant 0
run 1 absent_judgements eval --relevance "$scratch/none" --ranking "$ranking"
one_line absent_judgements_line 'none: No such file'
run 1 absent_ranking eval --relevance "$judged" --ranking "$scratch/none"
run 1 nothing_relevant eval --relevance "$judged" --ranking "$ranking" --relevant 3
one_line nothing_relevant_line 'grade 3 or more expected, found 2 videos without'

# any system's ranking
run 0 table eval --relevance "$judged" --ranking "$ranking"
check table_row grep -qE '^  ranking +50\.0 \(0\.0 \.\. 100\.0\) 100\.0 ' "$scratch/out"
check table_chance grep -qE '^  random order +20\.0 ' "$scratch/out"
check bad_line_told grep -q 'judged.tsv: line 5: grade: a number expected' "$scratch/out"
check unknown_told grep -q 'judged.tsv: line 6: the ranking has no video nobody.mp4' "$scratch/out"
run 0 json eval --relevance "$judged" --ranking "$ranking" --json
check json_hit grep -q '"hit_1": 0.5, "hit_1_interval": \[0.0, 1.0\], "hit_1_chance": 0.2' "$scratch/out"
check json_counts grep -q '"lines": 5, "judgements": 3, "left_out": 2, "videos": 2' "$scratch/out"
run 0 markdown eval --relevance "$judged" --ranking "$ranking" --markdown
check markdown_table grep -qE '^\| ranking \| 50\.0 \(' "$scratch/out"

# what recommend prints
run 0 index index "$scratch/library.db" "$scratch/made/music" -q
run 0 recommend recommend "$scratch/library.db" "${video[@]}" --no-model --json
mv "$scratch/out" "$scratch/results.json"
run 0 recommended eval --relevance "$judged" --ranking "$scratch/results.json" --json
check recommended_counts grep -q '"videos": 2, "without_relevant": 0, "tracks": 5, "not_found": 0' "$scratch/out"

# a model's
corpus=$scratch/corpus
mkdir "$corpus"
line=0
for split in train train val test test; do
    printf '{"id": "p%d", "video": "%s", "music": "%s", "start_s": 0, "tags": ["calm"], "split": "%s"}\n' \
        "$line" "${video[$((line > 2 ? line - 1 : line))]}" "${music[$line]}" "$split"
    line=$((line + 1))
done > "$corpus/corpus.jsonl"
model=$scratch/model.safetensors
run 0 extract extract "$corpus" --layout time -q
run 0 tags tags "$corpus" -q
run 0 networks model new "$scratch/networks.safetensors" --preset tiny --layout time
run 0 train train "$corpus" --extractors "$scratch/networks.safetensors" --out "$model" --epochs 1 --batch 2 -q
printf '{"video": "%s", "track": "%s", "grade": 1}\n' "${video[2]}" "$(name "${music[4]}")" \
    "$(name "${video[3]}")" "${music[3]}" "${video[3]}" "${music[0]}" > "$scratch/judged.jsonl"
run 0 by_model eval "$corpus" --model "$model" --relevance "$scratch/judged.jsonl"
check by_model_rows test "$(grep -c '^  model' "$scratch/out")" = 4
check by_model_split grep -q 'line 3: not of the split: track' "$scratch/out"
figures() { "$nd" eval "$corpus" --model "$model" --relevance "$scratch/judged.jsonl" --json -j "$1" 2> /dev/null | sed 's/"elapsed_s": [0-9.]*//'; }
check same_at_any_number test "$(figures 1)" = "$(figures 3)"
finish
