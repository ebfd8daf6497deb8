import { describe, expect, it } from "@jest/globals";
import type { PrincipalPolicies } from "../../../sandbox/permissions/attached-policies.ts";
import type { Call, CalledInstance, CalledSession } from "../../../sandbox/permissions/calls.ts";
import { decide, decideByPolicies, type Caller, type Decision } from "../../../sandbox/permissions/decide.ts";
import { FakeClock } from "../../harness/fake-clock.ts";
import { SHELL_DOCUMENT, shellAndSsh, shellOnly, sshForced, type Statement } from "./policies.ts";

const anna: Caller = {
  type: "User",
  name: "anna",
  arn: "arn:aws:iam::123456789012:user/anna",
  userId: "AIDAANNA",
};
const onCall: Caller = {
  type: "AssumedRole",
  name: "on-call",
  arn: "arn:aws:sts::123456789012:assumed-role/on-call/anna",
  userId: "AROAONCALL:anna",
};

const bastion: CalledInstance = { instanceId: "i-0aaaaaaaaaaaaaaaa", tags: { BastionAccess: "team" } };
const foreign: CalledInstance = { instanceId: "i-0bbbbbbbbbbbbbbbb", tags: { BastionAccess: "other" } };
const session: CalledSession = {
  sessionId: "anna-0123456789abcdef0",
  target: bastion.instanceId,
  ownerUserId: "AIDAANNA",
};

interface Holder {
  readonly caller?: Caller;
  readonly boundary?: readonly Statement[];
  readonly tags?: Record<string, string>;
}

function decideFor(statements: readonly Statement[], call: Call, holder: Holder = {}): Promise<Decision> {
  const { caller = anna, boundary, tags = {} } = holder;
  const policy = (name: string, Statement: readonly Statement[]) => ({
    name,
    document: { Version: "2012-10-17", Statement },
  });
  const principal: PrincipalPolicies = {
    arn: caller.type === "User" ? caller.arn : "arn:aws:iam::123456789012:role/on-call",
    uniqueId: caller.userId.split(":")[0] ?? "",
    policies: [policy("tested", statements)],
    boundary: boundary && policy("boundary", boundary),
    tags,
  };
  return decideByPolicies({ principal, caller, call, region: "eu-central-1", nowMs: Date.UTC(2026, 6, 1) });
}

function start(instance: CalledInstance, documentName: string | undefined): Call {
  return { action: "ssm:StartSession", instance, documentName };
}

function push(instance: CalledInstance, osUser: string): Call {
  return { action: "ec2-instance-connect:SendSSHPublicKey", instance, osUser };
}

const WITHOUT_DOCUMENT = undefined;
const SSH = "AWS-StartSSHSession";
const KEY = "arn:aws:kms:eu-central-1:123456789012:key/0a1b2c3d-0000-4000-8000-000000000000";

/** A key whose own policy leaves the decision to IAM, unless another one is given. */
function generateDataKey(principal = "arn:aws:iam::123456789012:root"): Call {
  const statement = { Effect: "Allow", Principal: { AWS: principal }, Action: "kms:*", Resource: "*" };
  const policy = { Version: "2012-10-17", Statement: [statement] };
  const encryptionContext = { "aws:ssm:TargetId": "i-0aaaaaaaaaaaaaaaa" };
  return { action: "kms:GenerateDataKey", key: { keyArn: KEY, policy }, encryptionContext };
}

describe("decideByPolicies(), for the three kinds of users", () => {
  const matrix: readonly [call: string, Call, shell: boolean, both: boolean, ssh: boolean][] = [
    ["a session without a document", start(bastion, WITHOUT_DOCUMENT), true, true, false],
    ["a session with the shell's document", start(bastion, "SSM-SessionManagerRunShell"), true, true, false],
    ["a session with the shell's document, by ARN", start(bastion, SHELL_DOCUMENT), true, true, false],
    ["an ssh session", start(bastion, SSH), false, true, true],
    ["an ssh session with another team's instance", start(foreign, SSH), false, false, false],
    ["a shell on another team's instance", start(foreign, WITHOUT_DOCUMENT), false, false, false],
    ["a session with another document", start(bastion, "AWS-StartPortForwardingSession"), false, false, false],
    [
      "a session with an account's document of an AWS name",
      start(bastion, "Mine-StartSSHSession"),
      false,
      false,
      false,
    ],
    ["a key for ec2-user", push(bastion, "ec2-user"), false, true, true],
    ["a key for root", push(bastion, "root"), false, false, false],
    ["a key on another team's instance", push(foreign, "ec2-user"), false, false, false],
    ["listing instances", { action: "ec2:DescribeInstances" }, true, true, true],
    ["listing managed nodes", { action: "ssm:DescribeInstanceInformation" }, true, true, true],
    ["listing images", { action: "ec2:DescribeImages" }, false, false, false],
    ["the connection status", { action: "ssm:GetConnectionStatus", instances: [bastion] }, true, true, true],
    ["a reboot", { action: "ec2:RebootInstances", instances: [bastion] }, false, false, false],
    ["a start", { action: "ec2:StartInstances", instances: [bastion] }, false, false, false],
    ["ending an own session", { action: "ssm:TerminateSession", session }, true, true, true],
    ["resuming an own session", { action: "ssm:ResumeSession", session }, true, true, true],
    [
      "ending another's session",
      { action: "ssm:TerminateSession", session: { ...session, ownerUserId: "AIDABERT" } },
      false,
      false,
      false,
    ],
    ["opening a data channel", { action: "ssmmessages:OpenDataChannel", session }, true, true, true],
  ];

  const cases = matrix.flatMap(([call, asked, ...expected]) =>
    [
      { kind: "shell only", statements: shellOnly },
      { kind: "shell and ssh", statements: shellAndSsh },
      { kind: "ssh forced", statements: sshForced },
    ].map((user, index) => ({ ...user, call, asked, answer: expected[index] === true ? "allows" : "denies" })),
  );

  it.each(cases)("$kind: $answer $call", async ({ statements, asked, answer }) => {
    const { allowed } = await decideFor(statements, asked);
    expect(allowed ? "allows" : "denies").toBe(answer);
  });
});

describe("decideByPolicies(), for each of the calls", () => {
  const INSTANCE = "arn:aws:ec2:eu-central-1:123456789012:instance/i-0aaaaaaaaaaaaaaaa";
  const SESSION = "arn:aws:ssm:eu-central-1:123456789012:session/anna-0123456789abcdef0";
  const calls: readonly { call: Call; resource: string }[] = [
    { call: { action: "ec2:DescribeImages" }, resource: "*" },
    { call: { action: "ec2:DescribeInstances" }, resource: "*" },
    { call: { action: "ssm:DescribeInstanceInformation" }, resource: "*" },
    { call: { action: "ssm:DescribeInstanceProperties" }, resource: "*" },
    { call: { action: "ssm:DescribeSessions" }, resource: "*" },
    { call: { action: "ec2:GetConsoleOutput", instances: [bastion] }, resource: INSTANCE },
    { call: { action: "ec2:RebootInstances", instances: [bastion] }, resource: INSTANCE },
    { call: { action: "ec2:StartInstances", instances: [bastion] }, resource: INSTANCE },
    { call: { action: "ssm:GetConnectionStatus", instances: [bastion] }, resource: INSTANCE },
    { call: { action: "ssm:ResumeSession", session }, resource: SESSION },
    { call: { action: "ssm:TerminateSession", session }, resource: SESSION },
    { call: { action: "ssmmessages:OpenDataChannel", session }, resource: SESSION },
    { call: push(bastion, "ec2-user"), resource: INSTANCE },
    { call: generateDataKey(), resource: KEY },
  ];

  it.each(calls)("$call.action: allows it on $resource", async ({ call, resource }) => {
    const statement: Statement = { Effect: "Allow", Action: call.action, Resource: resource };
    expect(await decideFor([statement], call)).toEqual({ allowed: true });
  });

  it.each(calls)("$call.action: denies it when only another action is allowed", async ({ call, resource }) => {
    const statement: Statement = { Effect: "Allow", Action: "s3:GetObject", Resource: resource };
    expect(await decideFor([statement], call)).toMatchObject({ allowed: false });
  });

  it.each(calls)("$call.action: denies it when it is allowed on another resource", async ({ call }) => {
    const other = "arn:aws:ec2:eu-central-1:123456789012:instance/i-0cccccccccccccccc";
    const statement: Statement = { Effect: "Allow", Action: call.action, Resource: other };
    expect(await decideFor([statement], call)).toMatchObject({ allowed: false });
  });
});

describe("decideByPolicies(), for a list of databases", () => {
  const listing: Call = { action: "rds:DescribeDBInstances" };

  it.each([
    ["*", true],
    ["arn:aws:rds:eu-central-1:123456789012:db:*", true],
    ["arn:aws:rds:eu-central-1:123456789012:cluster:*", false],
    ["arn:aws:rds:eu-central-1:123456789012:db:orders", false],
  ])("asks for all of them, as %s allows or not", async (Resource, allowed) => {
    const statement: Statement = { Effect: "Allow", Action: listing.action, Resource };
    expect(await decideFor([statement], listing)).toMatchObject({ allowed });
  });
});

describe("decideByPolicies(), for tags", () => {
  const onlyLeases = (condition: object): Statement => ({
    Effect: "Allow",
    Action: "ec2:DeleteTags",
    Resource: "*",
    Condition: { "ForAllValues:StringLike": { "aws:TagKeys": "lease:*" }, ...condition },
  });
  const take = (...keys: string[]): Call => ({
    action: "ec2:DeleteTags",
    instances: [bastion],
    tags: Object.fromEntries(keys.map((key) => [key, ""])),
  });

  it.each([
    ["a lease", take("lease:1"), true],
    ["a lease and more", take("lease:1", "Name"), false],
    ["none, which means all", take(), false],
  ])("looks at the keys of the request: %s", async (_, call, allowed) => {
    expect(await decideFor([onlyLeases({ Null: { "aws:TagKeys": "false" } })], call)).toMatchObject({ allowed });
  });

  it("has no aws:TagKeys where the request names none, as ForAllValues lets pass", async () => {
    expect(await decideFor([onlyLeases({})], take())).toMatchObject({ allowed: true });
  });
});

describe("decideByPolicies(), for a KMS key", () => {
  const forTarget = (instanceId: string): Statement => ({
    Effect: "Allow",
    Action: "kms:GenerateDataKey",
    Resource: KEY,
    Condition: { StringEquals: { "kms:EncryptionContext:aws:ssm:TargetId": instanceId } },
  });

  it.each([
    ["i-0aaaaaaaaaaaaaaaa", true],
    ["i-0bbbbbbbbbbbbbbbb", false],
  ])("looks at the encryption context: %s", async (instanceId, allowed) => {
    expect(await decideFor([forTarget(instanceId)], generateDataKey())).toMatchObject({ allowed });
  });

  it("asks the key's own policy first: without its leave, IAM's count for nothing", async () => {
    const nobody = generateDataKey("arn:aws:iam::123456789012:user/nobody");
    expect(await decideFor([forTarget("i-0aaaaaaaaaaaaaaaa")], nobody)).toMatchObject({ allowed: false });
  });
});

describe("decideByPolicies()", () => {
  const instances = "arn:aws:ec2:*:123456789012:instance/*";

  it("opens the default shell to who may start sessions on the instance without a document check", async () => {
    const unguarded: Statement = { Effect: "Allow", Action: "ssm:StartSession", Resource: instances };
    expect(await decideFor([...sshForced, unguarded], start(bastion, WITHOUT_DOCUMENT))).toEqual({ allowed: true });
  });

  it("asks for the named document also without a document check", async () => {
    const unguarded: Statement = { Effect: "Allow", Action: "ssm:StartSession", Resource: instances };
    expect(await decideFor([unguarded], start(bastion, SSH))).toMatchObject({ allowed: false });
  });

  it("denies a session when the document asks for a tag of the instance", async () => {
    const joint: Statement = {
      Effect: "Allow",
      Action: "ssm:StartSession",
      Resource: "*",
      Condition: { StringEquals: { "aws:ResourceTag/BastionAccess": "team" } },
    };
    expect(await decideFor([joint], start(bastion, SSH))).toMatchObject({ allowed: false });
  });

  it("knows the instance's tags as ssm:resourceTag too", async () => {
    const byTag: Statement = {
      Effect: "Allow",
      Action: "ssm:GetConnectionStatus",
      Resource: instances,
      Condition: { StringEquals: { "ssm:resourceTag/BastionAccess": "team" } },
    };
    const status = (instance: CalledInstance): Call => ({ action: "ssm:GetConnectionStatus", instances: [instance] });
    expect(await decideFor([byTag], status(bastion))).toEqual({ allowed: true });
    expect(await decideFor([byTag], status(foreign))).toMatchObject({ allowed: false });
  });

  it("denies a call on two instances of which one is not allowed", async () => {
    const one: Statement = {
      Effect: "Allow",
      Action: "ec2:RebootInstances",
      Resource: `arn:aws:ec2:eu-central-1:123456789012:instance/${bastion.instanceId}`,
    };
    expect(await decideFor([one], { action: "ec2:RebootInstances", instances: [bastion, foreign] })).toEqual({
      allowed: false,
      explanation:
        "User: arn:aws:iam::123456789012:user/anna is not authorized to perform: ec2:RebootInstances on resource: " +
        "arn:aws:ec2:eu-central-1:123456789012:instance/i-0bbbbbbbbbbbbbbbb because no identity-based policy allows " +
        "the ec2:RebootInstances action",
    });
  });

  it("takes no pattern for a resource", async () => {
    const all: Statement = { Effect: "Allow", Action: "ssm:StartSession", Resource: "*" };
    expect(await decideFor([all], start(bastion, "*"))).toMatchObject({ allowed: false });
  });

  it("fills ${aws:userid} with the role session's, which has no ${aws:username}", async () => {
    const byName = (variable: string): Statement => ({
      Effect: "Allow",
      Action: "ssm:TerminateSession",
      Resource: `arn:aws:ssm:*:*:session/${variable}-*`,
    });
    const named = (sessionId: string): Call => ({ action: "ssm:TerminateSession", session: { ...session, sessionId } });
    const answers = await Promise.all([
      decideFor([byName("${aws:username}")], named("anna-0123456789abcdef0")),
      decideFor([byName("${aws:username}")], named("anna-0123456789abcdef0"), { caller: onCall }),
      decideFor(shellOnly, named("anna-0123456789abcdef0"), { caller: onCall }),
      decideFor(
        shellOnly,
        { action: "ssm:TerminateSession", session: { ...session, ownerUserId: onCall.userId } },
        { caller: onCall },
      ),
    ]);
    expect(answers.map(({ allowed }) => allowed)).toEqual([true, false, false, true]);
  });

  it("compares with the caller's own tags", async () => {
    const sameTeam: Statement = {
      Effect: "Allow",
      Action: "ec2:RebootInstances",
      Resource: instances,
      Condition: { StringEquals: { "aws:ResourceTag/BastionAccess": "${aws:PrincipalTag/team}" } },
    };
    const reboot: Call = { action: "ec2:RebootInstances", instances: [bastion] };
    expect(await decideFor([sameTeam], reboot, { tags: { team: "team" } })).toEqual({ allowed: true });
    expect(await decideFor([sameTeam], reboot, { tags: { team: "other" } })).toMatchObject({ allowed: false });
  });

  it("says that a statement denies it, whatever else allows it", async () => {
    const deny: Statement = { Effect: "Deny", Action: "ssm:*", Resource: "*" };
    expect(await decideFor([...shellAndSsh, deny], start(bastion, SSH))).toEqual({
      allowed: false,
      explanation:
        "User: arn:aws:iam::123456789012:user/anna is not authorized to perform: ssm:StartSession on resource: " +
        "arn:aws:ec2:eu-central-1:123456789012:instance/i-0aaaaaaaaaaaaaaaa with an explicit deny in an identity-based policy",
    });
  });

  it("says that the permissions boundary does not allow it", async () => {
    const boundary: Statement[] = [{ Effect: "Allow", Action: "ec2:*", Resource: "*" }];
    const describing: Call = { action: "ssm:DescribeInstanceInformation" };
    expect(await decideFor(shellOnly, { action: "ec2:DescribeInstances" }, { boundary })).toEqual({ allowed: true });
    expect(await decideFor(shellOnly, describing, { boundary })).toEqual({
      allowed: false,
      explanation:
        "User: arn:aws:iam::123456789012:user/anna is not authorized to perform: ssm:DescribeInstanceInformation " +
        "because no permissions boundary allows the ssm:DescribeInstanceInformation action",
    });
  });

  it("does not let a boundary allow what no policy allows", async () => {
    const boundary: Statement[] = [{ Effect: "Allow", Action: "*", Resource: "*" }];
    expect(await decideFor([], { action: "ec2:DescribeInstances" }, { boundary })).toMatchObject({ allowed: false });
  });
});

describe("decide()", () => {
  it("allows sts:GetCallerIdentity without asking for policies", async () => {
    const iam = { send: () => Promise.reject(new Error("asked for policies")) };
    const request = { clock: new FakeClock(), region: "eu-central-1", caller: anna };
    expect(await decide({ iam: iam as never, ...request, call: { action: "sts:GetCallerIdentity" } })).toEqual({
      allowed: true,
    });
  });
});

describe("decideByPolicies() on tags", () => {
  const statement = (action: string): Statement =>
    ({
      Effect: "Allow",
      Action: action,
      Resource: "arn:aws:ec2:eu-central-1:123456789012:instance/*",
      Condition: { "ForAllValues:StringLike": { "aws:TagKeys": "isolated-bastion:healing:*" } },
    }) as unknown as Statement;

  it.each<["ec2:CreateTags" | "ec2:DeleteTags", Record<string, string>, boolean]>([
    ["ec2:CreateTags", { "isolated-bastion:healing:00ff": "1" }, true],
    ["ec2:DeleteTags", { "isolated-bastion:healing:00ff": "" }, true],
    ["ec2:CreateTags", { BastionAccess: "other" }, false],
    ["ec2:CreateTags", { "isolated-bastion:healing:00ff": "1", Name: "x" }, false],
  ])("lets a policy limit %s by aws:TagKeys: %j", async (action, tags, allowed) => {
    const decision = await decideFor([statement(action)], { action, instances: [bastion], tags });
    expect(decision.allowed).toBe(allowed);
  });
});
