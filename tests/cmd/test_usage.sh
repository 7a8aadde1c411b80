#!/bin/bash
# Help, version, wrong usage: statuses and one-line errors.
. "$(dirname "$0")/lib.sh"

run 2 no_command
run 0 help --help
check help_names_commands grep -q '^  recommend ' "$scratch/out"
run 0 version --version
check version_names_plugins grep -q '^feature: .*onset' "$scratch/out"
run 2 unknown_command frobnicate
one_line unknown_command_line 'a command expected, found "frobnicate"'
for command in index recommend similar find list inspect embed synth corpus tags extract pretrain train eval model; do
    run 0 "help_$command" $command --help
    check "help_${command}_has_example" grep -q "^  needledrop $command " "$scratch/out"
    run 2 "unknown_option_$command" $command --no-such-option
    one_line "unknown_option_${command}_line" 'unknown option'
done
run 2 unknown_letters list -xy x.nd
one_line unknown_letter_is_named 'unknown option.*"-x"'
run 2 letter_without_value index x.nd -j
one_line letter_without_value_is_named '"-j"'
run 2 name_without_value list x.nd --bpm
one_line name_without_value_is_named '"--bpm"'
run 2 index_no_library index
run 2 recommend_no_video recommend x.nd
run 2 jobs_not_a_number index x.nd y -j many
one_line jobs_line 'whole number from 1 to 256 expected, found "many"'
run 2 jobs_zero index x.nd y -j 0
run 2 bpm_backwards list x.nd --bpm 120-90
one_line bpm_line '\-\-bpm: LO-HI'
run 2 key_unknown list x.nd --key H
run 2 vocal_unknown list x.nd --vocal maybe
run 2 embed_no_out embed --what onset x.wav
run 1 list_absent list "$scratch/absent.nd"
one_line list_absent_line 'absent\.nd'
check list_did_not_make_one test ! -e "$scratch/absent.nd"
run 1 inspect_absent inspect "$scratch/absent.mp3"
one_line inspect_absent_line 'No such file'
finish
