// Says why ssh could not log in, as far as it can be known: ssh's own words are in front of the person already.
import type { Aws, Instance, LoginFacts } from "../command/aws-ports.ts";
import type { Reporter } from "../command/reporter.ts";
import { quoted } from "../errors/printable.ts";
import type { KnownHosts } from "../ssh/known-hosts.ts";
import type { LoginStage } from "../ssh/login-watch.ts";
import { shellQuote } from "../ssh/shell-quote.ts";

export interface FailedLogin {
  readonly stage: LoginStage;
  readonly instance: Instance;
  readonly osUser: string;
  readonly knownHosts: KnownHosts;
}

export interface ExplainingNeeds {
  readonly aws: Pick<Aws, "loginFacts">;
  readonly reporter: Pick<Reporter, "warn" | "debug">;
}

/** Two or three warnings, or none where ssh has said all there is to say. Never rejects. */
export async function explainLogin(login: FailedLogin, needs: ExplainingNeeds): Promise<void> {
  if (login.stage === "exchange") explainHostKey(login, needs);
  if (login.stage === "login") await explainRefusedKey(login, needs);
}

/** ssh leaves at this stage when the key it is shown is not the one that is kept. */
function explainHostKey({ instance, knownHosts }: FailedLogin, { reporter }: ExplainingNeeds): void {
  const { instanceId, name } = instance;
  if (knownHosts.keyOf(instanceId) === undefined) return;
  reporter.warn(`${name === undefined ? "" : `${quoted(name)} `}(${instanceId}) shows another host key than before`);
  reporter.warn("a rebuilt bastion has a new id, so ask who has changed the key of this one; if the change is right,");
  reporter.warn(`forget the old key: ssh-keygen -R ${instanceId} -f ${shellQuote(knownHosts.path)}`);
}

async function explainRefusedKey({ instance, osUser }: FailedLogin, { aws, reporter }: ExplainingNeeds): Promise<void> {
  const facts = await aws.loginFacts(instance).catch((error: unknown) => {
    reporter.debug(`cannot look for the cause: ${String(error)}`);
    return undefined;
  });
  const { cause, cure } = causeOfRefusal(facts, osUser);
  reporter.warn(`sshd did not take the key that EC2 Instance Connect had authorized: ${cause}`);
  reporter.warn(`${cure}; ./scripts/doctor.ts ${instance.instanceId} looks at all that leads there`);
}

/** Images that bring EC2 Instance Connect along, by how AWS and Canonical name them, and whom they let log in. */
const FAMILIES: readonly { readonly name: RegExp; readonly osUser: string }[] = [
  { name: /^(al2023|amzn2)-ami-/, osUser: "ec2-user" },
  { name: /^ubuntu[/-]/, osUser: "ubuntu" },
];

export interface RefusalCause {
  /** Whether it explains a refusal for certain or perhaps; `none` where nothing speaks against a login. */
  readonly kind: "certain" | "likely" | "none";
  readonly cause: string;
  readonly cure: string;
}

/** What keeps sshd from taking an authorized key, as far as it shows from outside, and what to do about it. */
export function causeOfRefusal(facts: LoginFacts | undefined, osUser: string): RefusalCause {
  const family = FAMILIES.find(({ name }) => name.test(facts?.imageName ?? ""));
  if (facts?.hasMetadata === false) {
    return {
      kind: "certain",
      cause: "the instance's metadata is switched off, and sshd asks there for the key",
      cure: "switch it on: aws ec2 modify-instance-metadata-options --http-endpoint enabled --http-tokens required",
    };
  }
  if (facts?.imageName !== undefined && family === undefined) {
    return {
      kind: "likely",
      cause: `image ${quoted(facts.imageName)} is none that is known to hold EC2 Instance Connect`,
      cure: "install the package ec2-instance-connect on the instance, and restart sshd",
    };
  }
  if (family !== undefined && family.osUser !== osUser) {
    return {
      kind: "likely",
      cause: `the image's OS user is ${quoted(family.osUser)}, and the login was for ${quoted(osUser)}`,
      cure: `name it: --os-user ${family.osUser}; or is there such a user on the instance?`,
    };
  }
  return {
    kind: "none",
    cause: `is there an OS user ${quoted(osUser)} on the instance, and the package ec2-instance-connect?`,
    cure: "ssh's -v shows more, and the instance's own log (journalctl -u sshd) has sshd's reason",
  };
}
