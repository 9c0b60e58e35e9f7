#!/usr/bin/env bash
# Makes a Python base image out of this host, without any network: the host's interpreter and
# whole Debian packages for the libraries and tools that it needs.
#
#   deploy/images/base.sh TAG PYTHON       PYTHON: an interpreter, or a virtual environment's
set -euo pipefail

tag=${1:?the tag of the image}
python=${2:?an interpreter}
command -v dpkg-query >/dev/null || {
  echo "base.sh: this host is not Debian-based; run: docker pull python:X.Y-slim" >&2
  exit 3
}
read -r prefix version < <("$python" -c 'import sys; print(sys.base_prefix, "%d.%d" % sys.version_info[:2])')
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
chmod 755 "$root"

owners() { xargs -r dpkg-query --search 2>/dev/null | sed 's/: .*//' | tr -d ' ' | tr ',' '\n'; }
real_names() { while read -r file; do readlink -f "$file"; echo "$file"; done; }

tools="dash coreutils grep sed procps base-files netbase media-types tzdata"
if [ "$prefix" = /usr ]; then
  tools="$tools python$version python$version-minimal libpython$version-stdlib libpython$version-minimal"
fi
# every library that the interpreter, its extension modules or the tools ask the loader for
libraries=$(
  { find "$prefix/lib/python$version/lib-dynload" -name '*.so'
    ls "$prefix/bin/python$version" "$prefix"/lib/libpython"$version"*.so* 2>/dev/null || true
    for tool in $tools; do dpkg-query --listfiles "$tool" | grep -E '^/(usr/)?s?bin/.' || true; done
  } | while read -r file; do [ -f "$file" ] && ldd "$file" 2>/dev/null || true; done |
    grep -oE '/[^ ]+\.so[^ ]*' | sort -u
)
# wheels link against the C and C++ run-time libraries without the interpreter doing so
needed=$(echo "$libraries" | real_names | sort -u | owners; printf '%s\n' libc6 libgcc-s1 libstdc++6 $tools)

skip='^/usr/share/(doc|man|locale|lintian|bug|info)(/|$)|^/(var|home|root|proc|sys|dev|run|tmp|boot|mnt|srv|media|opt)(/|$)'
mkdir -p "$root"/{usr/{bin,sbin,lib,lib64,local/bin,local/lib},etc/ssl/certs,proc,sys,dev,run,root,home,var}
for name in bin sbin lib lib64; do ln -s "usr/$name" "$root/$name"; done
install -d -m 1777 "$root/tmp" "$root/var/tmp"
echo "$needed" | sort -u | while read -r package; do dpkg-query --listfiles "$package" 2>/dev/null || true; done |
  grep -vE "$skip" | sort -u | while read -r file; do
  if [ -L "$file" ] || [ -f "$file" ]; then
    case $file in /bin | /sbin | /lib | /lib64) ;; *) echo "${file#/}" ;; esac
  fi
done | tar -C / --create --no-recursion --files-from=- | tar -C "$root" --extract --keep-directory-symlink

if [ "$prefix" = /usr ]; then
  ln -sf "../../bin/python$version" "$root/usr/local/bin/python3"
else
  tar -C "$prefix" --create --exclude='*/test' --exclude='*/idlelib' --exclude='*/tkinter' \
    --exclude='*/turtledemo' --exclude='*/ensurepip' --exclude="*/config-$version-*" \
    --exclude='*/site-packages/*' --exclude='*.opt-[12].pyc' --exclude='lib/*.a' \
    "bin/python$version" "lib/python$version" \
    $(cd "$prefix" && ls lib/libpython"$version"*.so* 2>/dev/null || true) |
    tar -C "$root/usr/local" --extract
  ln -sf "python$version" "$root/usr/local/bin/python3"
fi
ln -sf python3 "$root/usr/local/bin/python"

if [ -e /etc/ssl/certs/ca-certificates.crt ]; then
  cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
fi
printf '%s\n' /usr/local/lib /usr/lib/"$(uname -m)"-linux-gnu /usr/lib >"$root/etc/ld.so.conf"
printf '%s\n' 'root:x:0:0::/root:/bin/sh' 'tallyard:x:10001:10001::/nonexistent:/bin/false' >"$root/etc/passwd"
printf '%s\n' 'root:x:0:' 'tallyard:x:10001:' >"$root/etc/group"
printf '%s\n' 'passwd: files' 'group: files' 'hosts: files dns' >"$root/etc/nsswitch.conf"
[ -e "$root/usr/bin/sh" ] || ln -s dash "$root/usr/bin/sh"
ldconfig -r "$root"

# a library that is missing shows here, and not in somebody's container
chroot "$root" /usr/local/bin/python3 -c 'import bz2, ctypes, lzma, sqlite3, ssl, uuid, zoneinfo, zlib'

tar -C "$root" --create --numeric-owner --owner=0 --group=0 . | docker import \
  --change 'ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin LANG=C.UTF-8' \
  --change 'ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt' \
  --change 'CMD ["python3"]' - "$tag" >/dev/null
echo "base.sh: $tag is Python $version of this host, $(du -sh "$root" | cut -f1)" >&2
