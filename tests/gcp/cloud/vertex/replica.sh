#!/bin/sh
# Emulated: a container's file system, for one command in mount and PID namespaces of its own.
#
#   replica.sh ROOT [--hide FOLDER]... [--keep PATH]... -- COMMAND...
#
# The command sees this machine's files read-only, an empty /app, /home and /tmp, which are gone when
# it ends, and of the hidden folders nothing but what is kept. ROOT is an empty folder.
set -eu

read_only() {
    mount --rbind "$1" "$2"
    mount -o remount,bind,ro "$2"
}

root=$1
shift
mount -t tmpfs -o mode=755 replica "$root"
mkdir -p "$root/app" "$root/home/replica" "$root/proc" "$root/dev"
mkdir -m 1777 "$root/tmp"
for entry in /*; do
    inside=$root$entry
    case $entry in
    /app | /home | /proc | /dev | /tmp) continue ;;
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
mount -t tmpfs -o mode=1777 replica "$root/dev/shm"

while [ "$1" != -- ]; do
    inside=$root$2
    case $1 in
    --hide)
        if [ -d "$inside" ]; then mount -t tmpfs -o mode=755 replica "$inside"; fi
        ;;
    --keep)
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
    esac
    shift 2
done
shift
exec chroot "$root" env --chdir=/app PWD=/app "$@"
