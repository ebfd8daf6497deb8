// `npm run diagram`: draws the network that a settings file makes.
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { drawNetwork, SETTINGS_SUFFIX } from "./diagram/draw-network.ts";
import { SettingsError } from "./settings/settings-error.ts";

const USAGE_EXIT_CODE = 64;
const CANNOT_CREATE_EXIT_CODE = 73;

const HELP = `usage: npm run diagram -- [--settings FILE] [-o OUT.svg] [FILE...]

Draws the network of each settings file as SVG, from what Terraform would get, and prints where it wrote it.

  --settings FILE   settings to draw, ending in ${SETTINGS_SUFFIX} (default: those that ENVIRONMENT names, dev.tfvars.json)
  -o, --output FILE where to write the picture (default: beside the settings, ending in .svg)
  -h, --help        this text

examples:
  npm run diagram
  npm run diagram -- --settings prod.tfvars.json -o prod-network.svg
  npm run diagram -- docs/network/*.tfvars.json
`;

function readWords(words: string[]) {
  const { values, positionals } = parseArgs({
    args: words,
    options: {
      settings: { type: "string", multiple: true },
      output: { type: "string", short: "o" },
      help: { type: "boolean", short: "h" },
    },
    allowPositionals: true,
  });
  const named = [...(values.settings ?? []), ...positionals];
  const files = named.length > 0 ? named : [`${process.env["ENVIRONMENT"] ?? "dev"}${SETTINGS_SUFFIX}`];
  if (files.length > 1 && values.output !== undefined)
    throw new TypeError("-o takes one picture, and several are asked for");
  return { files, output: values.output, isHelp: values.help === true };
}

function fail(message: string, hint: string, exitCode: number): number {
  process.stderr.write(`diagram: error: ${message}\ndiagram: hint: ${hint}\n`);
  return exitCode;
}

async function draw(file: string, output: string): Promise<number> {
  const svg = await drawNetwork(file, (text) => process.stderr.write(text)).catch((error: unknown) => {
    if (!(error instanceof SettingsError)) throw error;
    process.stderr.write(error.render());
    return error.exitCode;
  });
  if (typeof svg === "number") return svg;
  try {
    writeFileSync(output, svg);
  } catch (error) {
    const hint = "name another file: npm run diagram -- -o FILE.svg";
    return fail(`cannot write "${output}": ${(error as Error).message}`, hint, CANNOT_CREATE_EXIT_CODE);
  }
  process.stdout.write(`${output}\n`);
  return 0;
}

async function main(words: string[]): Promise<number> {
  let read: ReturnType<typeof readWords>;
  try {
    read = readWords(words);
  } catch (error) {
    return fail((error as Error).message.split(". ")[0] ?? "", "npm run diagram -- --help", USAGE_EXIT_CODE);
  }
  if (read.isHelp) {
    process.stdout.write(HELP);
    return 0;
  }
  for (const file of read.files) {
    const exitCode = await draw(file, read.output ?? file.replace(/(\.tfvars)?\.json$/, ".svg"));
    if (exitCode !== 0) return exitCode;
  }
  return 0;
}

void main(process.argv.slice(2)).then((exitCode) => {
  process.exitCode = exitCode;
});
