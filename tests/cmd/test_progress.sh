#!/bin/bash
# Progress on stderr: one row on a terminal, whatever its width; plain lines elsewhere.
. "$(dirname "$0")/lib.sh"
music=$scratch/music
mkdir -p "$music"
for i in $(seq 1 8); do
    ffmpeg -nostdin -v error -y -f lavfi -i "sine=$((200 + 20 * i)):duration=$((30 + i))" \
        -af 'apulsator=hz=2' "$music/Ünïcödé $i, a name that is far too long for a row.wav" < /dev/null
done

# widest NAME COLUMNS: no row drawn is wider, and at least one was drawn
widest() {
    local found
    export LC_ALL=C.UTF-8
    script -qec "stty cols $2; '$nd' index '$scratch/$1.nd' '$music' -j 1" "$scratch/typescript" \
        > /dev/null < /dev/null
    tr '\r' '\n' < "$scratch/typescript" | grep '^.\[K\[[#.]' | sed 's/^.\[K//' > "$scratch/rows"
    found=$(wc -L < "$scratch/rows")
    if [ "$found" -gt 0 ] && [ "$found" -lt "$2" ]; then pass "$1"
    else fail "$1" "rows of 1 to $(($2 - 1)) columns expected, the widest has $found"; fi
}

if script -qec true /dev/null > /dev/null 2>&1 < /dev/null; then
    widest narrow_terminal 20
    widest usual_terminal 80
else
    skip terminal "script(1) makes no terminal here"
fi
run 0 no_terminal index "$scratch/plain.nd" "$music" -j 1
check no_terminal_no_escapes bash -c "! grep -q '$(printf '\033')' '$scratch/err'"
run 0 quiet index "$scratch/quiet.nd" "$music" -j 1 -q
check quiet_says_nothing test ! -s "$scratch/err" -a ! -s "$scratch/out"
finish
