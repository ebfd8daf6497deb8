import { describe, expect, it } from "@jest/globals";
import { checkTools, type RunProgram } from "../../../sandbox/desk/tools.ts";

const answers: Record<string, string> = {
  terraform: "Terraform v1.11.4\non linux_amd64",
  python3: "Python 3.11\n",
  ssh: "OpenSSH_9.2p1 Debian-2, OpenSSL 3.0.19",
};

function computerWith(changes: Record<string, string | undefined>): RunProgram {
  const all: Record<string, string | undefined> = { ...answers, ...changes };
  return (name) => {
    const output = all[name];
    return output === undefined ? Promise.reject(new Error("ENOENT")) : Promise.resolve(output);
  };
}

describe("checkTools()", () => {
  it("is content with a computer that has everything", async () => {
    await expect(checkTools("v20.19.0", computerWith({}))).resolves.toBeUndefined();
  });

  it.each([
    ["terraform is missing", { terraform: undefined }, '"terraform" is missing', "terraform/install"],
    ["terraform is 1.9", { terraform: "Terraform v1.9.8" }, '"terraform" is too old (1.9)', "Terraform 1.10"],
    ["python3 lacks venv", { python3: undefined }, '"python3" is missing or does not run', "python3-venv"],
    ["ssh is missing", { ssh: undefined }, '"ssh" is missing', "openssh-client"],
    ["ssh says nothing we know", { ssh: "dropbear" }, '"ssh" is too old (of unknown version)', "OpenSSH"],
  ])("fails with Unavailable (69) when %s", async (_title, changes, message, hint) => {
    const refusal = checkTools("v24.1.0", computerWith(changes));
    await expect(refusal).rejects.toMatchObject({ exitCode: 69, hint: expect.stringContaining(hint) });
    await expect(refusal).rejects.toThrow(message);
  });

  it("fails with one hint for each missing program, Node among them", async () => {
    const refusal = checkTools("v18.20.0", computerWith({ terraform: undefined, ssh: undefined }));
    await expect(refusal).rejects.toMatchObject({
      hint: expect.stringMatching(/^.*nodejs.*\n.*terraform.*\n.*openssh.*$/),
    });
  });
});
