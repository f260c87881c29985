#!/usr/bin/env bash
# tests/avx512.sh PROGRAM - runs a test program on an emulated processor that has AVX-512 and VNNI, for machines without: Bochs
# boots Debian's kernel, and that the program. What it printed and its exit status come back; 3: there was no coming that far.
# MOST_SECONDS (900) bounds it. `deps.sh --avx512` installs what this needs; the kernel is fetched once, into build/avx512.
set -euo pipefail
program=$1
kernel=build/avx512/vmlinuz
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir -p "${kernel%/*}" "$dir/root/bin" "$dir/root/dev" "$dir/root/proc" "$dir/root/sys" "$dir/root/tmp" "$dir/root/tests" "$dir/iso"

give_up() {
    echo "avx512.sh: $*" >&2
    exit 3
}

fetch_kernel() {
    local package
    package=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: *\(linux-image-[0-9][^ ]*\)$/\1/p' | head -n 1)
    mkdir "$dir/deb"
    (cd "$dir/deb" && apt-get download -qq "$package" && dpkg -x ./*.deb .) >"$dir/log" 2>&1 ||
        give_up "no kernel: $(cat "$dir/log")"
    local fresh
    fresh=$(mktemp "$kernel.XXXXXX")
    cp "$dir"/deb/boot/vmlinuz-* "$fresh"
    mv "$fresh" "$kernel"
}
[ -s "$kernel" ] || fetch_kernel

cp /bin/busybox "$dir/root/bin/busybox"
cp "$program" "$dir/root/program"
strip "$dir/root/program"
cp -r tests/golden "$dir/root/tests"
ldd "$program" | grep -o '/[^ ]*' | while read -r library; do
    mkdir -p "$dir/root${library%/*}"
    cp -L "$library" "$dir/root$library"
done
# The serial line's file is written 4 kB at a time.
cat >"$dir/root/init" <<'EOF'
#!/bin/busybox sh
do=/bin/busybox
$do mount -t proc proc /proc
$do mount -t sysfs sysfs /sys
$do mount -t devtmpfs dev /dev
$do mount -t tmpfs tmp /tmp
export HOME=/tmp CMOCKA_MESSAGE_OUTPUT=STDOUT
$do dmesg -n 1
echo "BEGIN of the program"
$do grep -q avx512_vnni /proc/cpuinfo || echo "no AVX-512 here"
/program </dev/null 2>&1
echo "END with $?"
$do head -c 4096 /dev/zero
$do poweroff -f
EOF
chmod +x "$dir/root/init"
(cd "$dir/root" && find . | cpio -o -H newc --quiet | gzip -1) >"$dir/iso/initrd.gz"
cp "$kernel" "$dir/iso/vmlinuz"
cp /usr/lib/ISOLINUX/isolinux.bin /usr/lib/syslinux/modules/bios/ldlinux.c32 "$dir/iso"
# Of this model's features, what Bochs 2.7 and Linux 6.1 do not agree on is off: XSAVES, PKU, XSAVEC, RDPID, UMIP, FSRM.
cat >"$dir/iso/isolinux.cfg" <<'EOF'
default nas
label nas
 kernel /vmlinuz
 initrd /initrd.gz
 append console=ttyS0 quiet mitigations=off nokaslr tsc=reliable no5lvl clearcpuid=323,515,321,534,514,580
EOF
genisoimage -quiet -o "$dir/boot.iso" -b isolinux.bin -c boot.cat -no-emul-boot -boot-load-size 4 -boot-info-table "$dir/iso"
cat >"$dir/bochsrc" <<EOF
display_library: term
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
megs: 1024
cpu: model=corei7_icelake_u, ips=50000000
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=cdrom, path=$dir/boot.iso, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev=$dir/serial
log: /dev/null
panic: action=fatal
error: action=ignore
EOF
echo c >"$dir/debugger" # go on
TERM=xterm timeout -k 5 "${MOST_SECONDS:-900}" script -qfec "bochs -q -f $dir/bochsrc -rc $dir/debugger" /dev/null </dev/null >"$dir/screen" 2>&1 || true
tr -d '\0\r' <"$dir/serial" >"$dir/text" 2>/dev/null || give_up "Bochs did not start: $(tail -n 3 "$dir/screen")"
grep -q '^BEGIN of the program$' "$dir/text" || give_up "the emulated machine did not come up"
! grep -q '^no AVX-512 here$' "$dir/text" || give_up "the emulated machine has no AVX-512"
sed -n '/^BEGIN of the program$/,/^END with [0-9]*$/p' "$dir/text" | sed '1d;$d'
status=$(sed -n 's/^END with \([0-9]*\)$/\1/p' "$dir/text")
[ -n "$status" ] || { echo "avx512.sh: not done after ${MOST_SECONDS:-900} s"; exit 124; }
exit "$status"
