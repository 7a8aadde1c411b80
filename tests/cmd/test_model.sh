#!/bin/bash
# Model files: new ones, what they hold, running them, weights from elsewhere; and files that lie.
. "$(dirname "$0")/lib.sh"
m=$scratch/tiny.safetensors

# ---- wrong usage
run 2 model_no_file model
run 2 new_without_preset model new "$m"
run 1 new_unknown_preset model new "$m" --preset huge
one_line new_unknown_preset_line 'paper, small or tiny expected, found huge'
run 2 run_without_arrays model run "$m" music
run 1 model_absent model "$scratch/absent.safetensors"
one_line model_absent_line 'absent.safetensors'
run 2 clip_without_model embed --what clip --out "$scratch/x.npy" x.mp3

# ---- a new one, and what it holds
run 0 new model new "$m" --preset tiny --classes 5 --seed 3
run 0 list model "$m"
check list_says_parts grep -qE '^  music: conformer, [0-9]+ tensors, 0\.[0-9]+ million' "$scratch/out"
check list_says_untrained grep -q 'training: not said' "$scratch/out"
run 0 list_tensors model "$m" -v
check list_names_tensors grep -q 'music.encoder.layers.0.sequential.0.module.sequential.1.weight' "$scratch/out"
run 0 list_json model "$m" --json
check json_has_config grep -q '"encoder_dim": *64' "$scratch/out"
check json_has_shape grep -qE '"music.classification.weight", "dtype": "F32", "shape": \[5, 64\]' "$scratch/out"

# ---- running it on media of our own
"$nd" synth media "$scratch/made" --tracks 1 --videos 1 --seed 5 -q
track=$(ls "$scratch"/made/music/*.ogg) video=$(ls "$scratch"/made/video/*.mp4)
run 0 fbank embed "$track" --what fbank --out "$scratch/fbank.npy"
run 0 run_music model run "$m" music --in "$scratch/fbank.npy" --out "$scratch/j1.npy" -j 1
run 0 run_music_j2 model run "$m" music --in "$scratch/fbank.npy" --out "$scratch/j2.npy" -j 2
check same_bytes_at_any_j cmp "$scratch/j1.npy" "$scratch/j2.npy"
run 0 run_logits model run "$m" music --in "$scratch/fbank.npy" --out "$scratch/l.npy" --logits --json
check logits_are_classes grep -qE '"shape": *\[[0-9]+, 5\]' "$scratch/out"
run 0 embed_clip embed "$track" --what clip --model "$m" --out "$scratch/clip.npy"
check embed_is_run cmp "$scratch/j1.npy" "$scratch/clip.npy"
run 0 embed_video embed "$video" --what clip --model "$m" --out "$scratch/v.npy" --json
check video_has_clips grep -qE '"shape": *\[[1-9][0-9]*, 64\]' "$scratch/out"
run 0 new_time model new "$scratch/time.safetensors" --preset tiny --video "" --layout time
run 0 embed_video_time embed "$video" --what clip --model "$scratch/time.safetensors" --out "$scratch/v.npy"
run 1 part_absent model run "$scratch/time.safetensors" music --in "$scratch/fbank.npy" --out "$scratch/x.npy"
one_line part_absent_line 'a part "music" expected'

# ---- weights from elsewhere: names with and without the part before them
run 0 import model new "$scratch/again.safetensors" --preset tiny --music "$m"
run 0 run_imported model run "$scratch/again.safetensors" music --in "$scratch/fbank.npy" --out "$scratch/j3.npy"
check imported_is_same cmp "$scratch/j1.npy" "$scratch/j3.npy"
run 1 import_wrong_size model new "$scratch/x.safetensors" --preset small --music "$m"
one_line import_wrong_size_line 'music\.encoder\..*\[144.*expected.*\[64'
run 0 half model new "$scratch/half.safetensors" --preset tiny --music "$m" --half
check half_is_half test $(($(stat -c %s "$scratch/half.safetensors") * 4)) -lt $(($(stat -c %s "$m") + 1000000))

# ---- the published matching network: a file as PyTorch saves it, and pairs
g=tests/golden/ut_published
pairs=(--music "$g/music.npy" --video "$g/video.npy")
classes=(--rhythm "$g/rhythm.npy" --flow "$g/flow.npy")
run 0 list_match model "$g/model.safetensors"
run 0 run_match model run "$g/model.safetensors" match "${pairs[@]}" "${classes[@]}" --tags "$g/tags.npy" --out "$scratch/pairs"
check match_tells_shapes grep -qF "pairs/theta_tag.npy: [5, 8] f32" "$scratch/out"
check match_writes_all test "$(find "$scratch/pairs" -name '*.npy' | wc -l)" = 11
run 0 run_match_json model run "$g/model.safetensors" match "${pairs[@]}" "${classes[@]}" --out "$scratch/untagged" --json
check match_without_tags test ! -e "$scratch/untagged/theta_tag.npy"
check match_same_without_tags cmp "$scratch/pairs/phi_v.npy" "$scratch/untagged/phi_v.npy"
check match_json_shapes grep -qE '"match_prob", "dtype": "f32", "shape": \[5\]' "$scratch/out"
run 2 match_without_video model run "$g/model.safetensors" match --music "$g/music.npy" --out "$scratch/x"
run 1 match_without_rhythm model run "$g/model.safetensors" match "${pairs[@]}" --out "$scratch/x"
one_line match_without_rhythm_line 'rhythm and flow expected'
run 1 match_wrong_shape model run "$g/model.safetensors" match --music "$g/video.npy" --video "$g/video.npy" "${classes[@]}" --out "$scratch/x"
one_line match_wrong_shape_line 'music: f32 \[5, 7, 16\] expected, found f32 \[5, 7, 18\]'
run 1 match_classes_are_reals model run "$g/model.safetensors" match "${pairs[@]}" --rhythm "$g/music.npy" --flow "$g/flow.npy" --out "$scratch/x"
one_line match_classes_line 'rhythm: i32'
run 1 match_absent model run "$m" match "${pairs[@]}" "${classes[@]}" --out "$scratch/x"
one_line match_absent_line 'a part "match" expected'
check match_nothing_was_written test ! -e "$scratch/x"

# ---- files that lie
head -c 5000 "$m" > "$scratch/cut.safetensors"
run 1 cut_short model "$scratch/cut.safetensors"
one_line cut_short_line 'cut.safetensors'
head -c -4 "$m" > "$scratch/cut2.safetensors"
run 1 cut_at_end model "$scratch/cut2.safetensors"
sed 's/"needledrop-1"/"needledrop-9"/' "$m" > "$scratch/other.safetensors"
run 1 other_format model "$scratch/other.safetensors"
one_line other_format_line 'needledrop-1.*expected, found needledrop-9'
sed '0,/encoder_dim\\":64/s//encoder_dim\\":32/' "$m" > "$scratch/lies.safetensors"
run 1 shape_disagrees model run "$scratch/lies.safetensors" music --in "$scratch/fbank.npy" --out "$scratch/x.npy"
one_line shape_disagrees_line 'music\.encoder\..*expected'
sed '0,/num_encoder_layers\\":2/s//num_encoder_layers\\":3/' "$m" > "$scratch/more.safetensors"
run 1 tensor_missing model run "$scratch/more.safetensors" music --in "$scratch/fbank.npy" --out "$scratch/x.npy"
one_line tensor_missing_line 'music\.encoder\.layers\.2\.'
sed '0,/num_attention_heads\\":2/s//num_attention_heads\\":7/' "$m" > "$scratch/heads.safetensors"
run 1 heads_do_not_divide model run "$scratch/heads.safetensors" music --in "$scratch/fbank.npy" --out "$scratch/x.npy"
one_line heads_line 'num_attention_heads'
run 1 not_a_model model "$track"
run 1 array_of_another_shape model run "$m" music --in "$scratch/j1.npy" --out "$scratch/x.npy"
one_line array_shape_line 'f32 \[clips, T, 80\] expected, found f32 \[[0-9]+, 64\]'
run 1 not_an_array model run "$m" music --in "$track" --out "$scratch/x.npy"
check nothing_was_written test ! -e "$scratch/x.npy"
finish
