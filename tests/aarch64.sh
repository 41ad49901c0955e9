#!/usr/bin/env bash
# Build for aarch64 and run the unit tests in emulation; then train one model
# there and here, and compare the bits.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/cmake/packages.sh"

usage() {
    cat <<END_OF_USAGE
usage: tests/aarch64.sh [CTEST OPTIONS]

Needs Debian on another processor, with the packages qemu-user-static,
gcc-aarch64-linux-gnu and g++-aarch64-linux-gnu. Libraries for aarch64 go to
build/aarch64/root, by an apt of its own: this machine's packages stay as they
are. CTest options choose tests, for example -L linalg.
END_OF_USAGE
}

case ${1:-} in
--help | -h)
    usage
    exit 0
    ;;
esac
for tool in qemu-aarch64-static aarch64-linux-gnu-gcc aarch64-linux-gnu-g++; do
    command -v "$tool" >/dev/null || {
        echo "$tool is missing; see tests/aarch64.sh --help" >&2
        exit 1
    }
done

build=$root/build/aarch64
export COR_SYSROOT=$build/root

# The libraries among the packages that coracle is built and tested with.
libraries() {
    printf '%s\n' "${cor_packages_build[@]}" "${cor_packages_test[@]}" |
        grep '^lib'
    echo libgcc-12-dev libstdc++-12-dev
}

make_sysroot() {
    local apt=$build/apt options
    [ -e "$build/root.made" ] && return
    mkdir -p "$apt"/etc/apt/{apt.conf.d,preferences.d} "$COR_SYSROOT" \
        "$apt"/var/lib/{apt/lists/partial,dpkg} "$apt"/var/cache/apt/archives/partial
    : >"$apt/var/lib/dpkg/status"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" \
        "http://deb.debian.org/debian bookworm main" >"$apt/etc/apt/sources.list"
    options=(-q -o Dir="$apt" -o Dir::State::status="$apt/var/lib/dpkg/status"
        -o APT::Architecture=arm64 -o APT::Architectures=arm64
        -o APT::Sandbox::User=root)
    apt-get "${options[@]}" update
    # shellcheck disable=SC2046 # a word a package
    apt-get "${options[@]}" install -y --no-install-recommends --download-only \
        $(libraries)
    for package in "$apt"/var/cache/apt/archives/*.deb; do
        dpkg -x "$package" "$COR_SYSROOT"
    done
    touch "$build/root.made"
}

# The digest of a model trained by the coracle in folder $1, from data made
# here, with kernels that fuse multiply and add as aarch64 does.
digest() {
    local coracle=("${@:2}" "$1/jobs/coracle")
    "${coracle[@]}" generate -o "$build/$$.h5" --users 2000 --items 500 \
        --interactions 60000 --force -q >/dev/null
    CORACLE_FAMILY=avx2 "${coracle[@]}" als "$build/$$.h5" -o "$build/$$.model.h5" \
        --factors 20 --iterations 3 --bias --force -q --json |
        sed -n 's/.*"digest": "\([0-9a-f]*\)".*/\1/p'
    rm -f "$build/$$.h5" "$build/$$.model.h5"
}

make_sysroot
cd "$root"
cmake -S . -B "$build/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -Wno-dev \
    -DCMAKE_TOOLCHAIN_FILE="$root/cmake/aarch64.cmake" -DCOR_RANKS='1;3' \
    --log-level=NOTICE
cmake --build "$build/build"
cmake --preset release -Wno-dev --log-level=NOTICE
cmake --build --preset release --target coracle-command

set -a
. "$root/tests/environment"
# One emulator cannot read another's memory by the call that Open MPI prefers.
OMPI_MCA_btl_vader_single_copy_mechanism=none
set +a
here=$(digest "$root/build/release")
there=$(digest "$build/build" qemu-aarch64-static -L "$COR_SYSROOT")
echo "als, digest here $here, on aarch64 $there"
[ -n "$here" ] && [ "$here" = "$there" ]
# What the emulator itself takes is not in any plan.
ctest --test-dir "$build/build" --output-on-failure -E '^(cli|house|bench|faults|fuzz|report.plan)' "$@"
