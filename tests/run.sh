#!/usr/bin/env bash
# Install what is missing, build with warnings as errors, run every test at its
# rank counts.
set -u
cd "$(dirname "$0")/.." || exit
. cmake/packages.sh

usage() {
    cat <<END
usage: tests/run.sh [--sanitize] [CTEST OPTIONS]

Installs what is missing (as root or with sudo), builds with warnings as errors
and runs every test at its rank counts.

  --sanitize  build with the address and undefined-behaviour sanitizers
  --help      this text

All else goes to ctest, for example:

  tests/run.sh -R team          the tests whose name holds "team"
  tests/run.sh -L store -V      all of the room store, with their output

CORACLE_TEST_DATA names a folder of real data; tests that need it are skipped,
and counted as skipped, where it is not set.
END
}

preset=tests
options=()
for word in "$@"; do
    case $word in
    --sanitize) preset=sanitize ;;
    --help | -h)
        usage
        exit 0
        ;;
    *) options+=("$word") ;;
    esac
done

cor_packages_install "${cor_packages_build[@]}" "${cor_packages_test[@]}" || exit 1
if [ -z "${CORACLE_TEST_DATA:-}" ]; then
    echo "CORACLE_TEST_DATA is not set: tests on real data will be skipped." >&2
fi
cmake --preset "$preset" -Wno-dev --log-level=NOTICE || exit 1
cmake --build --preset "$preset" || exit 1
# One more than there are cores: a test waits for much of its time.
exec ctest --preset "$preset" -j "$(($(nproc) + 1))" "${options[@]}"
