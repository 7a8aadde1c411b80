#!/bin/bash
# A preference study in a real browser: a panel of simulated people answers through the page of
# `study serve` by keyboard, and `study report` finds what they were told to prefer.
. "$(dirname "$0")/../cmd/lib.sh"
here=$(dirname "$0")
if ! command -v chromium > /dev/null && ! command -v chromium-browser > /dev/null; then
    skip study_in_a_browser "no chromium"; exit 0
fi
study=$scratch/study
check made "$build/tests/serve/test_study_http" make "$study"
"$nd" study serve "$study" --port 0 > "$scratch/address" 2> "$scratch/serve.err" &
server=$!
for _ in $(seq 100); do [ -s "$scratch/address" ] && break; sleep 0.05; done
url=$(head -n 1 "$scratch/address")
check served test -n "$url"
timeout 500 python3 -B "$here/panel.py" "$url" "$study/study.db" "${PICTURES:-}" || n_failed=1
kill -TERM $server
check stops_when_told wait $server
check without_a_word test ! -s "$scratch/serve.err"

run 0 report study report "$study" --plot "$scratch/shares.png"
cp "$scratch/out" "$scratch/report"
cat "$scratch/report"
run 0 report_json study report "$study" --json
python3 - "$scratch/out" << 'END' || n_failed=1
import json, sys
report = json.load(open(sys.argv[1]))
people, whole = report["people"], report["groups"][0]
first, rest = whole["systems"][0], whole["systems"][1:]
for name, is_right in [
    ("who_began", people["begun"] == 21),
    ("who_counts", people["counted"] == 18),
    ("who_does_not", people["left_out"] == {"unfinished": 1, "straight": 2}),
    ("the_planted_preference", first["name"] == "two" and first["best"] > 0.95),
    ("beyond_chance", first["wilson"][0] > 1 / 3 and first["worth_range"][0] > 1 / 3),
    ("the_planted_worth", abs(first["worth"] - 5 / 7) < 0.25),
    ("the_rest_below", all(s["wilson"][1] < first["wilson"][0] for s in rest)),
    ("both_trainings", [g["people"] for g in report["groups"]] == [18, 9, 9]),
    ("each_habit", min(people["habits"].values()) >= 4),
]:
    print("pass " + name if is_right else "FAIL %s: %s" % (name, json.dumps(report)))
    sys.exit(1) if not is_right else None
END
check picture test -s "$scratch/shares.png"
[ -z "${PICTURES:-}" ] || cp "$scratch/shares.png" "$PICTURES/"
finish
