#!/bin/sh
# Installs the package in a fresh Debian 12 in a directory, with apt and its dependencies, and runs a plugin there.
# To be run as root, by hand: packaging/smoke-test.sh dist/davit_0.1.0_amd64.deb [MIRROR]. Takes a few minutes.
set -eu

package=$(readlink -f -- "$1")
mirror=${2:-http://deb.debian.org/debian}
command -v debootstrap >/dev/null || { echo "debootstrap is missing: apt-get install debootstrap" >&2; exit 1; }
# In namespaces of its own: whatever is mounted or left running ends with it.
if [ -z "${DAVIT_SMOKE:-}" ]; then
  DAVIT_SMOKE=$(mktemp -d)
  export DAVIT_SMOKE
  trap 'rm -rf --one-file-system "$DAVIT_SMOKE"' EXIT
  unshare --mount --pid --fork --kill-child --propagation=private "$0" "$package" "$mirror"
  exit
fi
system=$DAVIT_SMOKE

say() { printf 'smoke-test: %s\n' "$*"; }

say "a fresh Debian in $system"
debootstrap --variant=minbase bookworm "$system" "$mirror" >"$system.log" 2>&1 || { tail "$system.log" >&2; exit 1; }
rm -f "$system.log"
# apt's own user reads it.
chmod 755 "$system"
mount --bind "$system" "$system"
mount --make-shared "$system"
mount -t proc proc "$system/proc"
mount -t sysfs sysfs "$system/sys"
mount --rbind /sys/fs/cgroup "$system/sys/fs/cgroup"
mount --rbind /dev "$system/dev"
mount -t tmpfs tmpfs "$system/run"
# An overlay's upper directory cannot lie on another overlay.
mkdir -p "$system/var/lib/davit"
mount -t tmpfs tmpfs "$system/var/lib/davit"
cp /etc/resolv.conf "$system/etc/resolv.conf"
cp "$package" "$system/davit.deb"
inside() { chroot "$system" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive "$@"; }

say "installing the package with its dependencies"
inside apt-get -qq update
inside apt-get -qq -y install ./davit.deb busybox-static >/dev/null

say "checking what it made"
inside getent group davit >/dev/null
inside dpkg --verify davit
inside davitd --validate
inside davit --version

say "a volume plugin that runs in it"
rootfs=$system/plugin/rootfs
mkdir -p "$rootfs/run/docker/plugins" "$rootfs/volume"
for file in /usr/lib/davit/node $(inside ldd /usr/lib/davit/node | grep -o '/[^ ]*'); do
  mkdir -p "$rootfs$(dirname "$file")"
  cp -L "$system$file" "$rootfs$file"
done
cat >"$rootfs/plugin.js" <<'PLUGIN'
const answers = {
  "/Plugin.Activate": { Implements: ["VolumeDriver"] },
  "/VolumeDriver.Get": { Volume: { Name: "one", Mountpoint: "/volume" } },
  "/VolumeDriver.Mount": { Mountpoint: "/volume" },
};
require("http")
  .createServer((request, response) => response.end(JSON.stringify(answers[request.url] ?? {})))
  .listen("/run/docker/plugins/smoke.sock");
PLUGIN
cat >"$system/plugin/config.json" <<CONFIG
{
  "description": "One volume",
  "entrypoint": ["/usr/lib/davit/node", "/plugin.js"],
  "interface": { "types": ["docker.volumedriver/1.0"], "socket": "smoke.sock" },
  "network": { "type": "none" }
}
CONFIG
inside davitd --live-restore=false >"$system/davitd.log" 2>&1 &
daemon=$!
# Waits for the socket: the daemon is asked, with a bounded number of connections.
inside sh -c 'i=0; until davit version >/dev/null 2>&1; do i=$((i+1)); [ $i -lt 100 ] || exit 1; sleep 0.1; done' ||
  { cat "$system/davitd.log" >&2; exit 1; }
inside davit plugin create acme/smoke /plugin
inside davit plugin enable acme/smoke
[ "$(inside davit plugin inspect --format '{{.Enabled}}' acme/smoke)" = true ]
inside davit volume create -d acme/smoke one
inside tar -C /bin -cf /busybox.tar busybox
inside davit import /busybox.tar busybox
inside davit run --rm --network none -v one:/data busybox /busybox touch /data/written
inside davit run --rm --network none -v one:/data busybox /busybox ls /data
inside davit volume rm one
inside davit plugin disable acme/smoke
inside davit plugin rm acme/smoke
pkill -TERM -P "$daemon" 2>/dev/null || kill "$daemon"
wait "$daemon" || :

say "removing the package"
inside apt-get -qq -y purge davit >/dev/null
[ ! -e "$system/usr/sbin/davitd" ] && [ ! -e "$system/etc/davit" ]
say "passed"
