#!/bin/sh
# Emulated: a container's file system, for one command in mount, UTS and PID namespaces of its own.
#
#   container.sh ROOT [--hide FOLDER | --keep PATH | --volume FOLDER PATH | --hostname NAME]...
#       -- COMMAND...
#
# The command sees this machine's files read-only, an empty /app, /home, /run and /tmp, which are
# gone when it ends, and of the hidden folders nothing but what is kept. ROOT is an empty folder.
set -eu

read_only() {
    mount --rbind "$1" "$2"
    mount -o remount,bind,ro "$2"
}

root=$1
shift
mount -t tmpfs -o mode=755 container "$root"
mkdir -p "$root/app" "$root/home/container" "$root/proc" "$root/dev" "$root/run"
mkdir -m 1777 "$root/tmp"
for entry in /*; do
    inside=$root$entry
    case $entry in
    /app | /home | /proc | /dev | /run | /tmp) continue ;;
    esac
    if [ -L "$entry" ]; then
        cp -P "$entry" "$inside"
    elif [ -d "$entry" ]; then
        mkdir "$inside"
        read_only "$entry" "$inside"
    fi
done
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=1777 container "$root/dev/shm"

while [ "$1" != -- ]; do
    case $1 in
    --hide)
        inside=$root$2
        if [ -d "$inside" ]; then mount -t tmpfs -o mode=755 container "$inside"; fi
        ;;
    --keep)
        inside=$root$2
        if [ ! -e "$inside" ]; then
            if [ -d "$2" ]; then
                mkdir -p "$inside"
            else
                mkdir -p "${inside%/*}"
                touch "$inside"
            fi
            read_only "$2" "$inside"
        fi
        ;;
    --volume)
        inside=$root$3
        mkdir -p "$inside"
        read_only "$2" "$inside"
        shift
        ;;
    --hostname)
        echo "$2" > /proc/sys/kernel/hostname
        ;;
    esac
    shift 2
done
shift
exec chroot "$root" env --chdir=/app PWD=/app "$@"
