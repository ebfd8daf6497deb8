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
 * $1 path, $2 its size to be. Makes the file if need be, and gives it that size.
 *
 * Prints its size before, then the bytes that are missing on its disk; then it has changed nothing.
 */
export const PREPARE = `
had=0 taken=0
if [ -e "$1" ]; then had=$(stat -L -c %s -- "$1") || exit; taken=$(stat -L -c '%b * %B' -- "$1") || exit; fi
free=$(df -Pk -- "$(dirname -- "$1")" | awk 'NR == 2 { print $4 }')
missing=$(( $2 - $taken - free * 1024 ))
if [ "$missing" -le 0 ]; then missing=0; : >> "$1" && truncate -s "$2" -- "$1" || exit; fi
echo "$had $missing"`;

/** $1 path, $2 mode in octal, $3 time of modification. */
export const FINISH = 'chmod "$2" -- "$1" && touch -d "@$3" -- "$1"';

/** $1 directory. Prints it as a tar stream, and the stream's SHA-256 on standard error. */
export const READ_TREE =
  'cd -- "$1" && { tar -cf - . || echo "tar has failed" >&2; } | { tee /dev/fd/3 | sha256sum >&2; } 3>&1 | gzip -1';

/** $1 directory. Unpacks the tar stream that it reads, and prints the stream's SHA-256. */
export const WRITE_TREE =
  'mkdir -p -- "$1" && cd -- "$1" && gzip -dc | { tee /dev/fd/3 | { tar -xpof - || echo "tar has failed" >&2; cat >/dev/null; }; } 3>&1 | sha256sum';
