// What runs on the bastion: scripts for sh(1) with the tools of Amazon Linux and Ubuntu. Paths come as arguments only.

/** $1 path. Prints mode in hexadecimal, size, time of modification; nothing when there is no such file. */
export const STAT = '[ ! -e "$1" ] || stat -L -c "%f %s %Y" -- "$1"';

/** Prints the memory that more processes may take, in KiB; nothing where that is not known. */
export const AVAILABLE_MEMORY = `[ ! -r /proc/meminfo ] || awk '/^MemAvailable:/ { print $2 }' /proc/meminfo`;

/** $1 path, $2 first byte counted from 1, $3 bytes. Prints them. */
export const READ_PART = 'tail -c "+$2" -- "$1" | head -c "$3"';
export const READ_PART_COMPRESSED = `${READ_PART} | gzip -1`;

/** $1 path, $2 offset. Writes what it reads there, and leaves the rest of the file as it is. */
export const WRITE_PART =
  'exec dd of="$1" bs=65536 seek="$2" oflag=seek_bytes conv=notrunc iflag=fullblock status=none';
export const WRITE_PART_COMPRESSED = `gzip -dc | ${WRITE_PART}`;

/** $1 path; reads lines of first byte and length. Prints the SHA-256 of each part. */
export const DIGEST_PARTS = `while read -r first length; do ${READ_PART.replace("$2", "$first").replace("$3", "$length")} | sha256sum; done`;

/** $1 path. Prints its SHA-256, then what STAT prints. */
export const DIGEST = 'sha256sum < "$1" && stat -L -c "%f %s %Y" -- "$1"';

/**
 * $1 path of what is not whole yet, $2 its size to be, $3 path that it will get. Makes it if need be, from what has that
 * path now, for the person alone, and gives it that size.
 *
 * Prints its size before, then the bytes that are missing on its disk; then it has changed nothing.
 */
export const PREPARE = `
umask 077
had=0 taken=0
if [ -e "$1" ]; then taken=$(stat -c '%b * %B' -- "$1") || exit; fi
free=$(df -Pk -- "$(dirname -- "$1")" | awk 'NR == 2 { print $4 }')
missing=$(( $2 - $taken - free * 1024 ))
if [ "$missing" -le 0 ]; then
  missing=0
  [ ! -L "$1" ] || rm -f -- "$1" || exit
  if [ ! -e "$1" ] && [ -f "$3" ]; then cp --reflink=auto -- "$3" "$1" && chmod 600 -- "$1" || exit; fi
  : >> "$1" && had=$(stat -c %s -- "$1") && truncate -s "$2" -- "$1" || exit
fi
echo "$had $missing"`;

/** $1 path, $2 mode in octal, $3 time of modification, $4 path to be, which may be the same; a link there is followed. */
export const FINISH = `
chmod "$2" -- "$1" && touch -d "@$3" -- "$1" || exit
if [ "$1" != "$4" ]; then
  if [ -L "$4" ]; then mv -fT -- "$1" "$(readlink -m -- "$4")"; else mv -fT -- "$1" "$4"; fi
fi`;

/** For the scripts below: the names of files come on standard input, each with a NUL behind it, and are relative to $1. */

/**
 * $1 directory. Prints of it and all that is in it: type, mode in octal, size, time of modification and name, and a NUL;
 * a type of ! for what may not be read. Nothing when there is no such directory.
 */
export const LIST_TREE = String.raw`
[ -d "$1" ] || exit 0
cd -- "$1" && find . \( -type f ! -readable -o -type d \( ! -readable -o ! -executable \) \) \
  -printf '! 0 0 0 %p\0' -prune -o -printf '%y %m %s %T@ %p\0'`;

/** $1 directory. Prints the SHA-256 of each file, but for those that it cannot read. */
export const DIGEST_FILES = 'cd -- "$1" && { xargs -0 -r sha256sum -- 2>/dev/null || :; }';

/** $1 directory. Makes it if need be, for the person alone and so that it can be written to, and removes the names. */
export const CLEAR_TREE = String.raw`
umask 077
mkdir -p -- "$1" && cd -- "$1" && find . -type d ! -perm -700 -exec chmod u+rwx {} \; && xargs -0 -r rm -rf --`;

/** $1 directory. Makes the directories, and prints how many KiB are free on the disk. */
export const MAKE_DIRECTORIES = `
umask 077
cd -- "$1" && xargs -0 -r mkdir -p -- && df -Pk . | awk 'NR == 2 { print $4 }'`;

/** $1 directory. Prints the names as a tar stream. */
export const READ_BATCH = 'cd -- "$1" && { tar -cf - --no-recursion --null -T - || echo "tar has failed" >&2; }';
export const READ_BATCH_COMPRESSED = `${READ_BATCH} | gzip -1`;

/** $1 directory. Unpacks the tar stream that it reads. */
export const WRITE_BATCH = 'cd -- "$1" && { tar -xpof - || echo "tar has failed" >&2; cat >/dev/null; }';
export const WRITE_BATCH_COMPRESSED = WRITE_BATCH.replace("{", "gzip -dc | {");

/** $1 directory. Reads a mode in octal, a time of modification and a name for each file or directory, and sets them. */
export const SET_STATES = `
cd -- "$1" && xargs -0 -r -n 300 sh -c '
  while [ $# -gt 2 ]; do chmod "$1" -- "$3" && touch -d "@$2" -- "$3" || exit; shift 3; done' copy`;

/** $1 directory that is whole, $2 path that it gets; what is in a directory there already, and not in $1, stays. */
export const PLACE_TREE = String.raw`
if [ ! -e "$2" ]; then exec mv -T -- "$1" "$2"; fi
cp -alf -- "$1/." "$2/." && find "$1" -type d ! -perm -700 -exec chmod u+rwx {} \; && rm -rf -- "$1"`;
