#!/bin/bash
# Evaluation at the command line: a small corpus of made media, a model that a few steps were spent on.
. "$(dirname "$0")/lib.sh"
corpus=$scratch/corpus
small_corpus "$corpus"
printf '{"music": "%s", "split": "test", "music_tags": ["happy"]}\n' "${music[5]}" > "$corpus/gallery.jsonl"

model=$scratch/model.safetensors
run 0 extract extract "$corpus" --layout time -q
run 0 tags tags "$corpus" -q
run 0 networks model new "$scratch/networks.safetensors" --preset tiny --layout time
run 0 train train "$corpus" --extractors "$scratch/networks.safetensors" --out "$model" --epochs 2 --batch 4 -q

# wrong use
run 2 no_corpus eval
run 2 no_model eval "$corpus"
one_line no_model_line '--model FILE is needed'
run 2 unknown_tags eval "$corpus" --model "$model" --tags all
one_line unknown_tags_line 'none, predicted, user or true expected, found all'
run 2 unknown_control eval "$corpus" --model "$model" --control x
run 1 unknown_split eval "$corpus" --model "$model" --split x
one_line unknown_split_line 'split train, val or test expected, found x'
run 1 absent_model eval "$corpus" --model "$scratch/none"
one_line absent_model_line 'none: No such file'
run 1 absent_corpus eval "$scratch/none" --model "$model"
run 1 no_matching_part eval "$corpus" --model "$scratch/networks.safetensors"
one_line no_matching_part_line '"match"'
mkdir "$scratch/bare" && cp "$corpus/corpus.jsonl" "$scratch/bare"
run 1 no_cache eval "$scratch/bare" --model "$model"
one_line no_cache_line 'needledrop extract makes it'

# all of it
run 0 table eval "$corpus" --model "$model"
check table_rows grep -qE '^  true tag \(oracle, as published\) +[0-9.]+ \(' "$scratch/out"
check table_counts grep -q 'split test: 2 videos, 3 tracks' "$scratch/out"
run 0 json eval "$corpus" --model "$model" --json
check json_counts grep -q '"split": "test", "videos": 2, "tracks": 3' "$scratch/out"
for key in recall_1 recall_25_interval recall_10_chance median_rank mrr ndcg_10 music_to_video shortlist_recall tags_alone; do
    check "json_$key" grep -q "\"$key\": " "$scratch/out"
done
run 0 markdown eval "$corpus" --model "$model" --markdown --tags none --rerank 0
check markdown_table grep -qE '^\| no tags \| [0-9.]+ \(' "$scratch/out"
check markdown_one_row test "$(grep -c '^| .*tag' "$scratch/out")" = 2
run 0 control eval "$corpus" --model "$model" --control clips --probe --split val
check control_named grep -q 'control: clips' "$scratch/out"
check probes grep -qE '^  music: clip +4 +3 ' "$scratch/out"
run 0 against eval "$corpus" --model "$model" --against "$model" --json --tags none
check no_difference grep -q '"differences": \[{"tags": "none", .*"mrr": 0.0, "mrr_interval": \[0.0, 0.0\]' "$scratch/out"

# the same figures at any number of threads
figures() { "$nd" eval "$corpus" --model "$model" --json -j "$1" 2> /dev/null | sed 's/"elapsed_s": [0-9.]*//'; }
check same_at_any_number test "$(figures 1)" = "$(figures 3)"
finish
