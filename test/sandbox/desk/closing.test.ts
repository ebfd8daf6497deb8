import { describe, expect, it } from "@jest/globals";
import { Closing } from "../../../sandbox/desk/closing.ts";

describe("Closing.run()", () => {
  it("ends what began last first, each thing once", async () => {
    const order: string[] = [];
    const closing = new Closing();
    closing.add(() => void order.push("moto"));
    closing.add(() => Promise.resolve().then(() => void order.push("endpoint")));
    await closing.run();
    await closing.run();
    expect(order).toEqual(["endpoint", "moto"]);
  });

  it("fails after everything was tried, with what refused", async () => {
    let isMotoClosed = false;
    const closing = new Closing();
    closing.add(() => void (isMotoClosed = true));
    closing.add(() => Promise.reject(new TypeError("no")));
    await expect(closing.run()).rejects.toMatchObject({ errors: [new TypeError("no")] });
    expect(isMotoClosed).toBe(true);
  });
});
