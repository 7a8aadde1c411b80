#!/bin/bash
# The default model on real media beside the checkout: twins are neighbours, one film at three sizes gets the same
# tracks, fast-cut film faster music. tools/real-media has the checks; its figures are in docs/results.md.
. "$(dirname "$0")/lib.sh"
tool=tools/real-media
if ! python3 -c '' 2> /dev/null; then skip real_media "no python3"; finish; fi

refuses() { ! "$tool" "$@" 2> "$scratch/err" && grep -q '^usage' "$scratch/err"; }
check usage refuses
check usage_build_alone refuses "$build"
check usage_no_such_check refuses "$build" test nothing
check usage_into_no_file refuses "$build" into
"$tool" "$build" test twins sizes cuts > "$scratch/out" 2> "$scratch/err"
status=$?
grep -E '^(pass|FAIL|skip) ' "$scratch/out"
if [ $status != 0 ]; then fail real_media "exit status $status: $(tail -n 1 "$scratch/err")"; fi
if grep -q '^FAIL ' "$scratch/out"; then n_failed=$((n_failed + 1)); fi
finish
