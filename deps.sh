#!/bin/sh
# deps.sh - installs the Debian or Ubuntu packages that are missing, and says nothing when none is.
#
#   ./deps.sh             what building and testing need
#   ./deps.sh --ci        also clang, the formatter, Python's venv and zip
#   ./deps.sh --arm64     what building and testing for AArch64 needs, and nothing else (Debian)
#   ./deps.sh --avx512    what emulating a processor with AVX-512 needs, and nothing else (Debian)
#   ./deps.sh PACKAGE...  these instead
#
# As root, or through sudo; where neither can be, it prints the one line to type and exits with 1.
set -eu

base="gcc make libsqlite3-dev libcjson-dev zlib1g-dev libkissfft-dev libsndfile1-dev
libsamplerate0-dev libcurl4-openssl-dev libarchive-dev libcmocka-dev libdeflate-dev nettle-dev
espeak-ng"
ci="clang clang-format python3-venv zip"
arm64="gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user libcmocka-dev:arm64"
avx512="bochs bochs-term bochsbios vgabios isolinux syslinux-common genisoimage cpio busybox-static"

with_ci=no
with_arm64=no
list=
for word in "$@"; do
    case $word in
    --ci) with_ci=yes ;;
    --arm64) with_arm64=yes list=$arm64 ;;
    --avx512) list=$avx512 ;;
    -h | --help)
        sed -n '2,10s/^# \{0,1\}//p' "$0"
        exit 0
        ;;
    -*)
        echo "deps.sh: unknown option $word (known: --ci, --arm64, --avx512, --help)" >&2
        exit 2
        ;;
    *) list="$list $word" ;;
    esac
done
[ -n "$list" ] || list=$base
[ $with_ci = no ] || list="$list $ci"

if ! command -v dpkg-query >/dev/null 2>&1 || ! command -v apt-get >/dev/null 2>&1; then
    echo "deps.sh: this is no Debian or Ubuntu; install what these packages hold, then use" >&2
    echo "'make' directly:" $list >&2
    exit 1
fi

missing=
for package in $list; do
    state=$(dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>/dev/null | head -n 1) || state=
    [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
missing=${missing# }

# Other distributions keep other architectures on other servers.
if [ $with_arm64 = yes ] && ! grep -qx 'ID=debian' /etc/os-release; then
    echo "deps.sh: --arm64 knows Debian only; install what these packages hold: $arm64" >&2
    exit 1
fi

if [ "$(id -u)" -eq 0 ]; then
    as_root=
elif command -v sudo >/dev/null 2>&1 && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
    as_root=sudo
else
    echo "Packages are missing. Type this as root, then try again:" >&2
    echo "apt-get update && apt-get install -y --no-install-recommends $missing"
    exit 1
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
run() { # shows what apt-get said only if it failed
    if ! $as_root env DEBIAN_FRONTEND=noninteractive "$@" >"$log" 2>&1; then
        return 1
    fi
}
install() {
    run apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=120 $missing
}

[ -z "$as_root" ] || [ ! -t 0 ] || sudo -v
[ $with_arm64 = no ] || run dpkg --add-architecture arm64
echo "installing: $missing"
# The package lists are fetched only when those that are there do not suffice. Networks fail for a while: three tries.
if apt-cache show $missing >/dev/null 2>&1 && install; then exit 0; fi
for pause in 5 20 0; do
    if run apt-get update -o DPkg::Lock::Timeout=120 && install; then exit 0; fi
    sleep $pause
done
cat "$log" >&2
echo "deps.sh: could not install: $missing" >&2
exit 1
