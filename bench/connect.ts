// How long it takes from pressing Enter to the remote command's end, against the same calls made by the AWS CLI.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { alternate, median, timeProgram } from "./measure.ts";
import type { SandboxProcess } from "./sandbox-process.ts";

export interface ConnectFigures {
  readonly connectMs: number;
  readonly commandLineInterfaceMs: number;
  readonly rounds: number;
}

/**
 * What the usual script does with the AWS CLI: find, make a key, authorize it, start the session. The plugin and the ssh
 * login that would follow are left out, in the CLI's favour.
 */
const AWS_CLI_SCRIPT = `
set -e
name=$1; key=$2/key; python=$3; user=$4
aws() { "$python" -m awscli "$@"; }
id=$(aws ec2 describe-instances --filters "Name=tag:Name,Values=$name" Name=instance-state-name,Values=running \\
  --query 'Reservations[0].Instances[0].InstanceId' --output text)
ssh-keygen -q -t rsa -N '' -f "$key"
aws ec2-instance-connect send-ssh-public-key --instance-id "$id" --instance-os-user "$user" \\
  --ssh-public-key "file://$key.pub" >/dev/null
aws ssm start-session --target "$id" --document-name AWS-StartSSHSession --parameters portNumber=22 >/dev/null
rm "$key" "$key.pub"
`;

/** The CLI asks for a plugin before it is content; one that does nothing costs nothing. */
const SILENT_PLUGIN = `#!/bin/sh
[ "$1" = --version ] && echo 1.2.650.0
exit 0
`;

/** Medians of alternating runs. */
export async function benchConnect(
  { root, bastion, osUser, awsCommandLine }: { root: string; bastion: string; osUser: string; awsCommandLine: string },
  { environment }: SandboxProcess,
  rounds: number,
): Promise<ConnectFigures> {
  const directory = mkdtempSync(join(tmpdir(), "bench-connect-"));
  try {
    writeFileSync(join(directory, "session-manager-plugin"), SILENT_PLUGIN, { mode: 0o755 });
    const path = `${directory}:${environment["PATH"] ?? ""}`;
    const ours = (): ReturnType<typeof timeProgram> =>
      timeProgram([join(root, "scripts", "connect.ts"), `${osUser}@${bastion}`, "--", "true"], { env: environment });
    const theirs = (): ReturnType<typeof timeProgram> =>
      timeProgram(["sh", "-c", AWS_CLI_SCRIPT, "sh", bastion, directory, awsCommandLine, osUser], {
        env: { ...environment, PATH: path },
      });
    await alternate({ ours, theirs }, 2); // bundles and caches of both are made
    const runs = await alternate({ ours, theirs }, rounds);
    const durations = (name: string): number[] => (runs[name] ?? []).map(({ durationMs }) => durationMs);
    return { connectMs: median(durations("ours")), commandLineInterfaceMs: median(durations("theirs")), rounds };
  } finally {
    rmSync(directory, { recursive: true });
  }
}
