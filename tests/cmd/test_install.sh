#!/bin/bash
# make install: the installed program runs, the example builds against the installed library with
# pkg-config, the shared library exports the public functions and nothing else.
. "$(dirname "$0")/lib.sh"
prefix=$scratch/usr
flavour=$(basename "$build")
if [ "$flavour" != build ]; then skip install "only the release flavour is installed"; finish; fi

check make_install make install PREFIX="$prefix"
check installed_runs "$prefix/bin/needledrop" --version
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
# shellcheck disable=SC2046
check example_builds gcc -Wall -Werror examples/recommend.c $(pkg-config --cflags --libs needledrop) \
    -Wl,-rpath,"$prefix/lib" -o "$scratch/recommend"
"$scratch/recommend" "$scratch/absent.nd" x.mp4 2> "$scratch/err"
check example_runs test $? = 1
one_line example_line 'absent\.nd'
ffmpeg -nostdin -v error -y -f lavfi -i 'sine=220:duration=8' -af 'apulsator=hz=2' "$scratch/a.wav" < /dev/null
check installed_worker_is_found "$prefix/bin/needledrop" index "$scratch/l.nd" "$scratch/a.wav" -q
check installed_worker_made_a_track sh -c "'$prefix/bin/needledrop' list '$scratch/l.nd' | grep -qx '1 track'"
[ ! -f models/default.safetensors ] ||
    check default_model_is_installed test -s "$prefix/share/needledrop/default.safetensors"
nm -D --defined-only "$prefix/lib/libneedledrop.so" | awk '{ print $3 }' | grep -v '^nd_' > "$scratch/foreign"
check exports_only_ours test ! -s "$scratch/foreign"
check study_pages_are_installed test -s "$prefix/share/needledrop/web/study.html"
check man_page_is_there test -s "$prefix/share/man/man1/needledrop.1"
check completion_is_there test -s "$prefix/share/bash-completion/completions/needledrop"
finish
