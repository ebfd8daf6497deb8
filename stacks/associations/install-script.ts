// What an instance without EC2 Instance Connect runs to get it, from its own repositories.

/** Where Amazon Linux's package puts the program that sshd asks for keys, and where Ubuntu's does. */
const PROGRAMS = ["/opt/aws/bin/eic_run_authorized_keys", "/usr/share/ec2-instance-connect/eic_run_authorized_keys"];

/** For POSIX's sh; does nothing where the program is there already. */
export const INSTALL_EC2_INSTANCE_CONNECT = [
  "set -eu",
  `for program in ${PROGRAMS.join(" ")}; do if [ -x "$program" ]; then exit 0; fi; done`,
  "if command -v dnf >/dev/null; then dnf install -y ec2-instance-connect",
  "elif command -v yum >/dev/null; then yum install -y ec2-instance-connect",
  "elif command -v apt-get >/dev/null; then",
  "  apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y ec2-instance-connect",
  'else echo "no dnf, yum or apt-get" >&2; exit 69; fi',
].join("\n");
