#!/bin/bash
# recommend --report: a page that is whole by itself, with a map where a model ranked and without; the
# ranking is as it is without the page; hostile names; what could not be read; the old page kept.
. "$(dirname "$0")/lib.sh"
media=$scratch/media
lib=$scratch/music.nd
page=$scratch/page.html
maker=$build/tests/serve/test_search
run 0 synth synth media "$media" --tracks 4 --videos 2 --seed 3 --music-length 20 --video-length 10
check made "$maker" make "$scratch/m.safetensors" recommended 1
run 0 index index "$lib" "$media/music" --model "$scratch/m.safetensors" -q
video=$(ls "$media"/video/*.mp4 | head -n 1)
other=$(ls "$media"/video/*.mp4 | tail -n 1)
with=(--model "$scratch/m.safetensors")

# wrong ones first
run 2 empty_name recommend "$lib" "$video" "${with[@]}" --report ''
one_line empty_name_line 'a file expected'
run 1 no_folder recommend "$lib" "$video" "${with[@]}" --report "$scratch/absent/page.html"
check no_folder_line grep -q 'absent' "$scratch/err"
run 1 a_folder recommend "$lib" "$video" "${with[@]}" --report "$scratch"
echo before > "$page"
run 1 none_ranked recommend "$lib" "$scratch/absent.mp4" "${with[@]}" --report "$page"
check old_page_kept grep -q '^before$' "$page"

run 0 without recommend "$lib" "$video" "${with[@]}" --json
cp "$scratch/out" "$scratch/ranking"
run 0 with_page recommend "$lib" "$video" "${with[@]}" --json --report "$page"
check same_ranking cmp "$scratch/out" "$scratch/ranking"
check is_a_page sh -c "head -c 15 '$page' | grep -q '<!doctype html>' && tail -c 8 '$page' | grep -q '</html>'"
check policy grep -q "default-src 'none'; img-src data:" "$page"
check loads_nothing sh -c "! grep -qE '<script|https?:|url\\(|src=\"' '$page'"
check all_tracks test "$(grep -c '<article id="v1t[1-4]">' "$page")" = 4
check all_maps test "$(grep -o 'class="cells" x="[0-9]*" y="[0-9]*" width="[0-9]*" height="[0-9]*" preserve' "$page" | wc -l)" = 4
check all_beats test "$(grep -c 'How motion met beats' "$page")" = 4
check pictures grep -q '<image id="v1f".*data:image/png;base64,iVBOR' "$page"
check tags_are_told grep -q '<dt>heard</dt>' "$page"
check size test "$(stat -c %s "$page")" -lt 500000
cp "$page" "$scratch/first.html"
run 0 again recommend "$lib" "$video" "${with[@]}" -q -j 1 --report "$page"
check same_page_any_j cmp "$page" "$scratch/first.html"

# the drawing counts as the sentence does
run 0 cuts recommend "$lib" "$other" --no-model --report "$page"
awk '/class="why"/ { want = ""
         if (match($0, /[0-9]+ of [0-9]+ cuts (land|can meet)/)) {
             split(substr($0, RSTART), w, " "); want = w[1] " " w[3]
         } else if (match($0, /all [0-9]+ cuts land/)) {
             split(substr($0, RSTART), w, " "); want = w[2] " " w[2] } }
     /met beats\.</ && want { match($0, /[0-9]+ of [0-9]+ cut/); split(substr($0, RSTART), w, " ")
         print (want == w[1] " " w[3] ? "same" : "other: " want) }' "$page" > "$scratch/counts"
check counts_as_the_sentence sh -c "grep -q same '$scratch/counts' && ! grep -q other '$scratch/counts'"

hostile="$scratch/<img src=x onerror=alert(1)>\"'&"$'\xff.mp4'
cp "$other" "$hostile"
printf 'not a film' > "$scratch/<b>bad.mp4"
run 3 hostile recommend "$lib" "$video" "$hostile" "$scratch/<b>bad.mp4" "${with[@]}" --report "$page"
check hostile_escaped sh -c "! grep -qE '<img|<b>' '$page'"
check hostile_named grep -q '&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;'$'\xEF\xBF\xBD''.mp4' "$page"
check failed_listed grep -q 'id="failed"' "$page"
check failed_named grep -q '&lt;b&gt;bad.mp4' "$page"

run 0 no_model recommend "$lib" "$video" --no-model --report "$page"
check says_no_model grep -q 'no model ranked here' "$page"
check has_no_map sh -c "! grep -q 'class=\"cells\"' '$page'"
check beats_all_the_same test "$(grep -c 'How motion met beats' "$page")" = 4
run 0 like recommend "$lib" "$video" "${with[@]}" --like 'slower, calm piano' --report "$page"
check wishes_told grep -q '<span class="tag">slower</span>' "$page"
run 0 none_passes recommend "$lib" "$video" "${with[@]}" --bpm 20-21 --report "$page"
check none_told grep -q 'none passes the filter' "$page"
finish
