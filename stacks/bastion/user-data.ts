// What the bastion does to itself at its first start: the OS users that people without administrator's rights get.

/** Where the tunnel user may forward to. */
export interface ForwardingTarget {
  readonly host: string;
  readonly port: number;
}

export interface UserDataProps {
  /**
   * An OS user to make that can do nothing but forward to these targets.
   *
   * @default - none
   */
  readonly tunnelUser?: { readonly name: string; readonly targets: readonly ForwardingTarget[] } | undefined;
  /**
   * Whether the user that Session Manager opens shells as may become root.
   *
   * @default true - as the SSM Agent has it
   */
  readonly ssmUserSudo?: boolean;
}

/** A script for cloud-init; undefined where there is nothing to do. */
export function userData({ tunnelUser, ssmUserSudo = true }: UserDataProps): string | undefined {
  const steps = [
    ...(ssmUserSudo ? [] : [WITHOUT_SUDO]),
    ...(tunnelUser === undefined ? [] : [addTunnelUser(tunnelUser.name, sshdConfiguration(tunnelUser))]),
  ];
  return steps.length === 0 ? undefined : ["#!/bin/sh", "set -eu", ...steps, ""].join("\n");
}

/**
 * The SSM Agent grants `ssm-user` everything in this file, but leaves it alone where it is there.
 *
 * @see https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-getting-started-ssm-user-permissions.html
 */
const WITHOUT_SUDO = `
echo '# ssm-user may not use sudo: ssm_user_sudo is false' >/etc/sudoers.d/ssm-agent-users
chmod 0440 /etc/sudoers.d/ssm-agent-users`;

/**
 * Behind all else in sshd's configuration, in a block that ends: Amazon Linux 2 knows no `Include`, and what is added
 * later is meant for everybody. It takes the place of the old one only if sshd accepts it, for without sshd nobody logs in.
 */
function addTunnelUser(name: string, block: string): string {
  return `
id '${name}' >/dev/null 2>&1 ||
  useradd --system --no-create-home --home-dir / --shell /usr/sbin/nologin '${name}'
cat /etc/ssh/sshd_config - >/etc/ssh/sshd_config.new <<'END'
${block}
END
chmod 0600 /etc/ssh/sshd_config.new
/usr/sbin/sshd -t -f /etc/ssh/sshd_config.new
mv /etc/ssh/sshd_config.new /etc/ssh/sshd_config
# One of the two is this system's name for it; one that is not running yet reads the new configuration anyway.
for unit in sshd ssh; do systemctl try-reload-or-restart "$unit.service" || true; done`;
}

/** No session at all, and forwarding to the targets only: not to sshd itself, nor to the instance's metadata. */
export function sshdConfiguration({ name, targets }: NonNullable<UserDataProps["tunnelUser"]>): string {
  const destinations = targets.map(({ host, port }) => `${host}:${port}`);
  return [
    `Match User ${name}`,
    // Only keys of EC2 Instance Connect.
    "  AuthorizedKeysFile none",
    "  MaxSessions 0",
    "  PermitTTY no",
    "  AllowTcpForwarding local",
    `  PermitOpen ${[...new Set(destinations)].join(" ")}`,
    "  AllowStreamLocalForwarding no",
    "  AllowAgentForwarding no",
    "  X11Forwarding no",
    "  PermitTunnel no",
    "Match all",
  ].join("\n");
}
