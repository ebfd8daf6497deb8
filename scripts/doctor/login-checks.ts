// What must hold for a login, tried as connect does it: session, sshd, key, host key.
import { causeOfRefusal } from "../bastion/explain-login.ts";
import { openKnownHosts } from "../bastion/known-instances.ts";
import { type OpenSession, openSession } from "../bastion/open-session.ts";
import { defaultOsUser } from "../bastion/os-user.ts";
import { openStandardStream } from "../../session-manager/index.ts";
import { sleep } from "../../session-manager/clock.ts";
import type { CommandContext } from "../command/command-context.ts";
import { hostKeysInConsole } from "../ssh/console-host-keys.ts";
import { makeEd25519KeyPair } from "../ssh/openssh-key.ts";
import { shellQuote } from "../ssh/shell-quote.ts";
import { type Check, type Finding, broken, ok, unsure } from "./check.ts";
import type { Patient } from "./patient.ts";

export interface LoginQuestion {
  readonly patient: Patient;
  /** Undefined means the image's own. */
  readonly osUser: string | undefined;
}

/** sshd speaks first, and at once; behind a slow line within seconds. */
const BANNER_LIMIT_MS = 10_000;

/** Session and sshd, EC2 Instance Connect, host key. */
export function loginChecks({ patient, osUser: named }: LoginQuestion, context: CommandContext): Check[] {
  const { aws, settings } = context;
  const osUser = named ?? defaultOsUser(settings);
  return [
    { name: "sshd", examine: () => examineSshd(patient, context) },
    {
      name: "key",
      async examine() {
        const instance = await patient.instance();
        const { publicKey } = makeEd25519KeyPair("doctor"); // its private half is forgotten at once
        await aws.sendSshPublicKey({ ...instance, osUser, publicKey });
        return ok(`EC2 Instance Connect takes a key for ${osUser}`);
      },
    },
    {
      name: "image",
      async examine() {
        const facts = await aws.loginFacts(await patient.instance());
        const { kind, cause, cure } = causeOfRefusal(facts, osUser);
        if (kind === "none") return ok(`${facts.imageName ?? "the image"} logs in ${osUser}`);
        return kind === "certain" ? broken(cause, cure) : unsure(cause, cure);
      },
    },
    { name: "host key", examine: () => examineHostKey(patient, context) },
  ];
}

async function examineSshd(patient: Patient, context: CommandContext): Promise<Finding> {
  const instance = await patient.instance();
  const session = await openSession(
    { instance, rebootPolicy: "never" },
    { ...context, terminal: undefined, openStream: openStandardStream, recordSession: () => undefined },
  );
  try {
    const greeting = await Promise.race([
      firstLine(session),
      sleep(BANNER_LIMIT_MS, context.clock, context.signal).then(() => undefined),
    ]);
    if (greeting?.startsWith("SSH-") === true) return ok(greeting);
    const cure = "is sshd running there? systemctl status sshd, by a Session Manager shell in the console";
    return broken(greeting === undefined ? "port 22 of the instance is silent" : `port 22 says "${greeting}"`, cure);
  } finally {
    await session.close();
  }
}

/** Undefined when the session ends without one. */
function firstLine({ stream }: OpenSession): Promise<string | undefined> {
  return new Promise((resolve) => {
    let text = "";
    stream.on("error", () => undefined);
    stream.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
      const [line, rest] = text.split("\n", 2);
      if (rest !== undefined || text.length > 255) resolve(line?.trim());
    });
    void stream.ended.then(() => {
      resolve(undefined);
    });
  });
}

async function examineHostKey(patient: Patient, context: CommandContext): Promise<Finding> {
  const { instanceId } = await patient.instance();
  const knownHosts = openKnownHosts(context);
  const known = knownHosts.keyOf(instanceId);
  if (known === undefined) return ok("none is kept yet");
  const [printed, another] = hostKeysInConsole(await context.aws.consoleOutput(instanceId, "now"));
  if (printed === undefined || another !== undefined)
    return unsure("one is kept; the console output has none to compare");
  if (printed === known) return ok("the one that is kept is the one of the console output");
  return broken(
    `the one that is kept in ${knownHosts.path} is not the one of the console output`,
    `ask who has changed it; if the change is right: ssh-keygen -R ${instanceId} -f ${shellQuote(knownHosts.path)}`,
  );
}
