#!/bin/sh
# Run a program under valgrind's memcheck, which ends with 77 where it finds
# something. The preset `valgrind` puts it before every test program.
here=$(dirname "$0")
exec valgrind -q --error-exitcode=77 --num-callers=40 --leak-check=full \
    --errors-for-leak-kinds=definite --show-leak-kinds=definite \
    --suppressions=/usr/share/openmpi/openmpi-valgrind.supp \
    --suppressions="$here/valgrind.supp" "$@"
