// An instance for tests: what a test does not speak of has an ordinary value.
import type { Instance } from "../../../scripts/command/aws-ports.ts";

export function instanceOf(more: Partial<Instance> = {}): Instance {
  return {
    instanceId: "i-0123456789abcdef0",
    name: "bastion",
    state: "running",
    launchTimeMs: 0,
    ageMs: 3_600_000,
    instanceType: "t3.nano",
    availabilityZone: "eu-west-1a",
    accountId: "123456789012",
    imageId: "ami-0123456789abcdef0",
    isWindows: false,
    ...more,
  };
}
