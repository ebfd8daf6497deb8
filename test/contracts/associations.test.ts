// State Manager's associations as Terraform makes, reads, changes and deletes them; nothing carries them out.
import {
  CreateAssociationCommand,
  DeleteAssociationCommand,
  DescribeAssociationCommand,
  ListAssociationsCommand,
  ListTagsForResourceCommand,
  UpdateAssociationCommand,
} from "@aws-sdk/client-ssm";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { OPEN_LIMIT_MS, openTestSandbox, type TestSandbox } from "../harness/test-sandbox.ts";

let sandbox: TestSandbox;

beforeAll(async () => {
  sandbox = await openTestSandbox();
}, OPEN_LIMIT_MS);

afterAll(async () => {
  await sandbox.close();
});

describe("an association", () => {
  it("is what it was made, then what it was changed into, and at last gone", async () => {
    const { ssm } = sandbox;
    const asked = {
      Name: "AWS-RunShellScript",
      AssociationName: "contract",
      Targets: [{ Key: "tag:Team", Values: ["red"] }],
      Parameters: { commands: ["true"] },
      ScheduleExpression: "rate(7 days)",
    };
    const Tags = [{ Key: "Application", Value: "sandbox" }];
    const made = await ssm.send(new CreateAssociationCommand({ ...asked, Tags }));
    const { AssociationId = "" } = made.AssociationDescription ?? {};
    const one = { AssociationId };
    const { AssociationDescription } = await ssm.send(new DescribeAssociationCommand(one));
    expect(AssociationDescription).toMatchObject({
      ...asked,
      AssociationVersion: "1",
      Overview: { Status: "Pending" },
    });
    const tagged = { ResourceType: "Association", ResourceId: AssociationId } as const;
    expect((await ssm.send(new ListTagsForResourceCommand(tagged))).TagList).toEqual(Tags);
    expect((await ssm.send(new ListAssociationsCommand({}))).Associations).toMatchObject([
      { AssociationId, Name: asked.Name },
    ]);
    await ssm.send(new UpdateAssociationCommand({ ...one, Targets: asked.Targets, MaxErrors: "1" }));
    const changed = await ssm.send(new DescribeAssociationCommand(one));
    expect(changed.AssociationDescription).toMatchObject({ Name: asked.Name, MaxErrors: "1", AssociationVersion: "2" });
    expect(changed.AssociationDescription).not.toHaveProperty("ScheduleExpression");
    await ssm.send(new DeleteAssociationCommand(one));
    await expect(ssm.send(new DescribeAssociationCommand(one))).rejects.toMatchObject({
      name: "AssociationDoesNotExist",
    });
    await expect(ssm.send(new ListTagsForResourceCommand(tagged))).rejects.toMatchObject({
      name: "InvalidResourceType",
    });
  });
});
