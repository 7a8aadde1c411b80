# The Makefile itself: what a bare `make` makes, what is rebuilt.
set -u
check() {
    if [ "$2" = "$3" ]; then echo "pass $1"; else echo "FAIL $1: expected '$2', found '$3'"; fi
}
check "make: all is what a bare make makes" all \
    "$(make -npq 2> /dev/null | sed -n 's/^\.DEFAULT_GOAL := //p')"
check "make: an unknown flavour is named" 1 \
    "$(make FLAVOUR=quick 2>&1 | grep -c 'FLAVOUR=quick: one of release')"
