// A program that synthesizes every scenario of the gate below a folder, and prints each stack's folder in a line.
//
// node synthesize.cjs DIRECTORY SETTINGS, bundled with whatever stands for cdktf.
import { readFileSync } from "node:fs";
import { scenarios, synthesize } from "../checkov/scenarios.ts";

const [, , directory = "", settings = ""] = process.argv;
const shipped = JSON.parse(readFileSync(settings, "utf8")) as object;
for (const scenario of scenarios(shipped)) process.stdout.write(`${synthesize(scenario, directory)}\n`);
