import { describe, expect, it } from "@jest/globals";
import {
  type Entry,
  bytesOfName,
  digestOfDigests,
  nameList,
  readDigests,
  readListing,
  treePieces,
} from "../../../scripts/copy/tree-entries.ts";

const KIBIBYTE = 1024;

function file(name: string, size: number): Entry {
  return { name, kind: "file", mode: 0o644, size, modifiedSeconds: 0 };
}

describe("readListing()", () => {
  it("reads what find prints, to the byte", () => {
    const printed =
      "d 755 4096 1600000000.25 .\0f 4640 7 -3.0 ./a\n b\0l 777 1 0.0 ./\xff\0! 0 0 0 ./secret\0p 644 0 0.0 ./p\0";
    expect(readListing(printed)).toEqual([
      { name: ".", kind: "directory", mode: 0o755, size: 4096, modifiedSeconds: 1_600_000_000 },
      { name: "./a\n b", kind: "file", mode: 0o640, size: 7, modifiedSeconds: -3 },
      { name: "./\xff", kind: "link", mode: 0o777, size: 1, modifiedSeconds: 0 },
      { name: "./secret", kind: "unreadable", mode: 0, size: 0, modifiedSeconds: 0 },
      { name: "./p", kind: "special", mode: 0o644, size: 0, modifiedSeconds: 0 },
    ]);
  });

  it("reads nothing from nothing", () => {
    expect(readListing("")).toEqual([]);
  });

  it.each(["./../x", "../x", "/etc/passwd", "./a/../../x", "./a//x", "./a/.", "x", ""])(
    "throws for a name that leads out of the directory, or may: %j",
    (name) => {
      expect(() => readListing(`f 644 1 0.0 ${name}\0`)).toThrow(TypeError);
    },
  );
});

describe("treePieces()", () => {
  it("puts small files into batches, and cuts large ones into parts", () => {
    const entries = [
      file("./a", 100),
      file("./large", 600 * KIBIBYTE),
      file("./b", 200 * KIBIBYTE),
      file("./c", 200 * KIBIBYTE),
    ];
    const pieces = treePieces(entries, 256 * KIBIBYTE);
    expect(pieces.map((piece) => (piece.kind === "part" ? piece.part : piece.entries.map(({ name }) => name)))).toEqual(
      [
        ["./a", "./b"],
        ["./c"],
        { offset: 0, length: 256 * KIBIBYTE },
        { offset: 256 * KIBIBYTE, length: 256 * KIBIBYTE },
        { offset: 512 * KIBIBYTE, length: 88 * KIBIBYTE },
      ],
    );
  });

  it("carries a large file whole if no argument can bear its name", () => {
    expect(treePieces([file("./\xff", 600 * KIBIBYTE)], 256 * KIBIBYTE)).toMatchObject([{ kind: "batch" }]);
  });

  it("puts 500 into a batch at most", () => {
    const many = Array.from({ length: 1_200 }, (_, index) => file(`./${index}`, 0));
    expect(treePieces(many, 4096 * KIBIBYTE)).toHaveLength(3);
  });
});

describe("digests", () => {
  it("are read as sha256sum prints them, names with escapes too", () => {
    const [one, other] = ["0".repeat(64), "a".repeat(64)];
    const read = readDigests(`${one}  ./plain\n\\${other}  ./line\\nbreak\\\\n\n`);
    expect([...read]).toEqual([
      ["./plain", one],
      ["./line\nbreak\\n", other],
    ]);
  });

  it("make one of all, whatever their order", () => {
    const [one, other] = ["0".repeat(64), "a".repeat(64)];
    const digest = digestOfDigests(
      new Map([
        ["./b\\", one],
        ["./a", other],
      ]),
    );
    expect(digest).toBe(
      digestOfDigests(
        new Map([
          ["./a", other],
          ["./b\\", one],
        ]),
      ),
    );
    expect(digest).not.toBe(
      digestOfDigests(
        new Map([
          ["./a", one],
          ["./b\\", other],
        ]),
      ),
    );
  });
});

describe("nameList()", () => {
  it("writes the bytes of names, each with a NUL behind it", () => {
    expect(nameList(["./a", "./\xff"])).toEqual(Buffer.from([0x2e, 0x2f, 0x61, 0, 0x2e, 0x2f, 0xff, 0]));
    expect(bytesOfName("./\xc3\xbc").toString()).toBe("./ü");
  });
});
