// Where this computer keeps OpenSSH's programs that are not on the PATH.
import { accessSync, constants } from "node:fs";

const SFTP_SERVER_PLACES = [
  "/usr/lib/openssh/sftp-server", // Debian, Ubuntu
  "/usr/libexec/openssh/sftp-server", // Fedora, Amazon Linux
  "/usr/libexec/sftp-server", // macOS, BSD
  "/usr/lib/ssh/sftp-server", // Arch, Alpine, openSUSE
];

const SSHD_PLACES = ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd", "/opt/homebrew/sbin/sshd"];

/** Path of the system's `sftp-server`, or undefined where none is installed. */
export function findSftpServer(): string | undefined {
  return SFTP_SERVER_PLACES.find(isExecutable);
}

/** Path of OpenSSH's `sshd`, or undefined where none is installed. */
export function findSshd(): string | undefined {
  return SSHD_PLACES.find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
