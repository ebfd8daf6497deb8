// Draws a picture of a network as SVG, laid out by Graphviz.
import { instance, type Edge, type Graph, type Node } from "@viz-js/viz";
import type { Arrow, End, Frame, Picture, Thing } from "./picture.ts";

/** Graphviz knows its metrics; viewers that lack it take the next. */
const FONT = "Helvetica,Arial,sans-serif";
/** Room for a letter in pixels, enough for fonts that are wider and bold. */
const LETTER_WIDTH = 7;
const INK = "#232f3e";
const FAINT_INK = "#5f6b7a";

interface Colours {
  readonly fill: string;
  readonly line: string;
}

const FRAMES: Readonly<Record<Frame["kind"], Colours>> = {
  vpc: { fill: "#ffffff", line: "#8c4fff" },
  "private-subnet": { fill: "#eaf6f8", line: "#00a4a6" },
  "public-subnet": { fill: "#f1f6e8", line: "#7aa116" },
};

const THINGS: Readonly<Record<Thing["kind"], Colours>> = {
  instance: { fill: "#ffffff", line: "#ed7100" },
  endpoints: { fill: "#ffffff", line: "#8c4fff" },
  gateway: { fill: "#ffffff", line: "#8c4fff" },
  target: { fill: "#ffffff", line: "#c925d1" },
  aws: { fill: INK, line: INK },
};

/** The SVG's text: the same for the same picture, wherever it is drawn. */
export async function drawPicture(picture: Picture): Promise<string> {
  const graphviz = await instance();
  return withoutGenerator(graphviz.renderString(graphOf(picture), { format: "svg" }));
}

/** Without the comments, which tell of the program that drew it. */
function withoutGenerator(svg: string): string {
  return `${svg.replaceAll(/<!--[\s\S]*?-->\n?/g, "").trim()}\n`;
}

function graphOf({ vpc, subnets, things, arrows }: Picture): Graph {
  const nodesIn = (frame: string | undefined) => things.filter((thing) => thing.frame === frame).map(nodeOf);
  return {
    name: "network",
    directed: true,
    graphAttributes: {
      rankdir: "LR",
      bgcolor: "white",
      pad: 0.2,
      nodesep: 0.3,
      ranksep: 0.9,
      fontname: FONT,
      newrank: true,
    },
    nodeAttributes: { fontname: FONT, fontsize: 11, fontcolor: INK, shape: "plain" },
    edgeAttributes: { fontname: FONT, fontsize: 10, fontcolor: FAINT_INK, color: FAINT_INK, arrowsize: 0.7 },
    nodes: nodesIn(undefined),
    edges: arrows.map(edgeOf),
    subgraphs: [
      {
        ...clusterOf(vpc),
        nodes: nodesIn(vpc.id),
        subgraphs: subnets.map((subnet) => ({ ...clusterOf(subnet), nodes: nodesIn(subnet.id) })),
      },
    ],
  };
}

function clusterOf({ id, kind, lines, isExisting }: Frame) {
  const { fill, line } = FRAMES[kind];
  return {
    name: `cluster ${id}`,
    graphAttributes: {
      label: { html: labelOf(lines, line) },
      labeljust: "l",
      fontname: FONT,
      fontsize: 11,
      color: line,
      bgcolor: fill,
      style: isExisting ? "dashed,rounded" : "rounded",
      margin: 14,
    },
  };
}

/** A bold line, and what else there is to say in a second one: two fonts in one line would lie over each other in some viewers. */
function labelOf([title = "", ...details]: readonly string[], color: string): string {
  const rest = details.filter((detail) => detail !== "").map(escape);
  const second = `<br align="left"/><font point-size="10">${rest.join(" · ")}</font><br align="left"/>`;
  return `<font color="${color}"><b>${escape(title)}</b>${second}</font>`;
}

function nodeOf({ id, kind, lines, rows, isExisting }: Thing): Node {
  const { fill, line } = THINGS[kind];
  const ink = kind === "aws" ? "#ffffff" : INK;
  const faint = kind === "aws" ? "#d5dbdb" : FAINT_INK;
  const [title = "", ...details] = lines;
  const heading = `<b><font color="${ink}">${escape(title)}</font></b>`;
  const text = details.map((detail) => `<br/><font point-size="10" color="${faint}">${escape(detail)}</font>`).join("");
  const style = isExisting && kind !== "aws" ? 'style="rounded,dashed"' : 'style="rounded"';
  const cells = rows.map(
    ({ id: port, text: row }) =>
      `<tr><td port="${port}" align="left" border="1" sides="t" color="#d5dbdb" cellpadding="6">${escape(row)}</td></tr>`,
  );
  const table = `<table border="1" cellborder="0" cellspacing="0" cellpadding="9" color="${line}" bgcolor="${fill}" ${style}>`;
  const width =
    Math.max(...lines.map(({ length }) => length), ...rows.map(({ text: row }) => row.length)) * LETTER_WIDTH;
  return {
    name: id,
    attributes: {
      label: {
        html: `${table}<tr><td align="left" balign="left" width="${width}">${heading}${text}</td></tr>${cells.join("")}</table>`,
      },
    },
  };
}

function edgeOf({ from, to, label, kind }: Arrow): Edge {
  const isRule = kind === "rule";
  return {
    tail: from.thing,
    head: to.thing,
    attributes: {
      ...(label === "" ? {} : { label: ` ${label} ` }),
      ...portOf("headport", to, "w"),
      ...(isRule ? { color: "#ed7100", fontcolor: "#b85600" } : { style: "dashed" }),
    },
  };
}

function portOf(attribute: "headport", { row }: End, side: string) {
  return row === undefined ? {} : { [attribute]: `${row}:${side}` };
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

function escape(text: string): string {
  return text.replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? character);
}
