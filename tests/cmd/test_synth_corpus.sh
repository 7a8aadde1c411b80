# needledrop synth corpus and audit: usage, a small corpus, going on, an audit that fails.
# shellcheck source=tests/cmd/lib.sh
. tests/cmd/lib.sh

dir=$scratch/made
run 2 no_dir synth corpus
run 2 other_work synth films "$dir"
run 2 wrong_size synth corpus "$dir" --size huge
run 2 wrong_world synth corpus "$dir" --world moon
run 2 wrong_noise synth corpus "$dir" --noise 2
run 2 wrong_noise_text synth corpus "$dir" --noise some
run 2 wrong_pairs synth corpus "$dir" --pairs 3
run 2 size_and_pairs synth corpus "$dir" --pairs 30 --size tiny
check nothing_made test ! -e "$dir"
run 1 audit_of_nothing synth audit "$dir"
one_line audit_of_nothing_told 'truth.json'

run 0 made synth corpus "$dir" --pairs 24 --world himv --seed 3 -j 2 --json
check made_counts grep -q '"videos": 24, .*"test": 16, "kept": 0' "$scratch/out"
run 0 kept synth corpus "$dir" --pairs 24 --world himv --seed 3 --json
check kept_counts grep -qE '"kept": (4|5)[0-9]\}' "$scratch/out"
rm "$dir/corpus.jsonl" "$(find "$dir/video" -name '*.mp4' | head -n 1)"
run 0 goes_on synth corpus "$dir" --pairs 24 --world himv --seed 3 --noise 0.2
run 1 other_noise synth corpus "$dir" --pairs 24 --world himv --seed 3 --noise 0.3
one_line other_noise_told 'of other parameters'
check pairs_are_json grep -qE '^\{"id": "[0-9a-f]{16}", "video": "video/[0-9a-f]{16}.mp4", "music": "music/' \
    "$dir/corpus.jsonl"

run 1 other_script synth corpus "$dir" --pairs 24 --world himv --seed 3 --no-script
run 0 blank synth corpus "$scratch/blank" --pairs 24 --world himv --seed 3 --no-script -q
run 0 blank_audit synth audit "$scratch/blank"
check blank_ladder grep -qE '^order_and_rhythm +6.2 +31.2 +62.5 100.0' "$scratch/out"

run 0 audit synth audit "$dir"
check audit_text grep -q 'all controls pass' "$scratch/out"
check audit_ladder grep -q '^order_and_rhythm' "$scratch/out"
touch "$(find "$dir/video" -name '*.mp4' | head -n 1)"
run 1 audit_fails synth audit "$dir" --json
check audit_json grep -q '"passed": false' "$scratch/out"
check audit_names_it grep -q '{"name": "one_time_stamp", "passed": false' "$scratch/out"
finish
