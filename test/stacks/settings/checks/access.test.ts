// Access that cannot work: met by the file, the key, what was found and the cure, before anything is deployed.
import { describe, expect, it } from "@jest/globals";
import { synthesize } from "../../synthesized.ts";

const targets = [{ name: "orders", host: "orders.internal", port: 5432, cidr: "10.20.0.0/24" }];
const developers = { name: "developers", policies: ["shell"], users: ["ada"] };

interface Case {
  readonly what: string;
  readonly settings: object;
  readonly error: string;
  readonly hint: string;
}

const cases: Case[] = [
  {
    what: "a policy that there is not",
    settings: { access: { groups: [{ ...developers, policies: ["root"] }] } },
    error: '"access.groups[0].policies[0]": "root" is not "shell" or "shell-and-ssh" or "ssh"',
    hint: 'write "access": {',
  },
  {
    what: "a policy that is not made",
    settings: { access: { policies: ["ssh"], groups: [developers] } },
    error: '"access.groups[0].policies": "shell" is not made',
    hint: 'add "shell" to "access.policies"',
  },
  {
    what: "policies of targets without targets",
    settings: { access: { policies: ["targets"] } },
    error: '"access.policies" has "targets", and "targets" is empty',
    hint: 'name "targets", or leave it out',
  },
  {
    what: "a target that there is not",
    settings: {
      targets,
      access: { policies: ["targets"], groups: [{ ...developers, policies: [], targets: ["order"] }] },
    },
    error: '"access.groups[0].targets": "order" is not one of the "targets"',
    hint: '"targets" are "orders"',
  },
  {
    what: "a group's target without policies of targets",
    settings: { targets, access: { groups: [{ ...developers, targets: ["orders"] }] } },
    error: '"access.groups[0].targets" has no policies, since none are made',
    hint: 'add "targets" to "access.policies"',
  },
  {
    what: "a group that may do nothing",
    settings: { access: { groups: [{ ...developers, policies: [] }] } },
    error: '"access.groups[0]" has neither "policies" nor "targets"',
    hint: 'write "policies": ["shell"]',
  },
  {
    what: "a group of nobody",
    settings: { access: { groups: [{ ...developers, users: [] }] } },
    error: '"access.groups[0].users": [] is not a list of at least one user',
    hint: 'write "access": {',
  },
  {
    what: "ssh for whom tunnels deny it, by another group",
    settings: {
      access: {
        groups: [
          { ...developers, policies: ["ssh"] },
          { ...developers, name: "b", policies: ["tunnel"] },
        ],
      },
    },
    error: '"access.groups" give "ada" both "tunnel", which denies ssh, and "ssh"',
    hint: 'leave "tunnel" out: whoever has "ssh" can tunnel by ssh',
  },
  {
    what: "a user in no group",
    settings: { access: { groups: [developers], users: ["ada", "grace"] } },
    error: '"access.users": "grace" is in no group, and may do nothing',
    hint: 'add "grace" to the "users" of a group',
  },
  {
    what: "the same user twice, as IAM sees it",
    settings: { access: { groups: [{ ...developers, users: ["ada", "Ada"] }], users: ["ada", "Ada"] } },
    error: '"access.users": "ada" stands there twice',
    hint: "leave one of them out",
  },
  {
    what: "a name that is no IAM user's",
    settings: { access: { groups: [{ ...developers, users: ["ada lovelace"] }] } },
    error: '"access.groups[0].users[0]": "ada lovelace" is not the name of an IAM user',
    hint: 'write "access": {',
  },
  {
    what: "a tunnel user that there is already",
    settings: { targets, tunnel_user: "ec2-user" },
    error: '"tunnel_user": "ec2-user" is an OS user that is there already',
    hint: 'write "tunnel_user": "tunnel"',
  },
  {
    what: "a tunnel user that would break the script",
    settings: { targets, tunnel_user: "a'; reboot" },
    error: '"tunnel_user": "a\'; reboot" is not the name of an OS user',
    hint: 'write "tunnel_user": "tunnel"',
  },
  {
    what: "a tunnel user that may forward to nothing",
    settings: { tunnel_user: "tunnel" },
    error: '"tunnel_user": "tunnel" may forward to nothing, since "targets" is empty',
    hint: 'name "targets"',
  },
];

describe("settings of access", () => {
  it.each(cases)("with $what are refused with 65, error and cure", ({ settings, error, hint }) => {
    const { exitCode, complaint } = synthesize(settings);
    expect(exitCode).toBe(65);
    expect(complaint).toContain(`stacks: error: dev.tfvars.json: ${error}`);
    expect(complaint).toContain(`stacks: hint: ${hint}`);
  });
});
