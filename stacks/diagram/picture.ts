// What a picture of a network shows: frames, what stands in them, and arrows between.

/** A VPC, or a subnet in it. */
export interface Frame {
  /** Unlike any other's. */
  readonly id: string;
  readonly kind: "vpc" | "private-subnet" | "public-subnet";
  /** What it is, then its addresses and the like. */
  readonly lines: readonly string[];
  /** Whether it was there before. */
  readonly isExisting: boolean;
}

/** Something that stands in a frame, or outside of all. */
export interface Thing {
  readonly id: string;
  /** Id of the frame; undefined outside of the VPC. */
  readonly frame: string | undefined;
  readonly kind: "instance" | "endpoints" | "gateway" | "target" | "aws";
  /** What it is, then what else there is to say. */
  readonly lines: readonly string[];
  /** Where several are drawn as one thing: what each of them is, with an id for arrows to end at. */
  readonly rows: readonly Row[];
  readonly isExisting: boolean;
}

export interface Row {
  /** Letters, digits and underscores. */
  readonly id: string;
  readonly text: string;
}

/** A thing, or one of its rows. */
export interface End {
  readonly thing: string;
  readonly row?: string;
}

export interface Arrow {
  readonly from: End;
  readonly to: End;
  readonly label: string;
  /** `rule`: what security groups let pass. `route`: where it goes from there. */
  readonly kind: "rule" | "route";
}

export interface Picture {
  readonly vpc: Frame;
  readonly subnets: readonly Frame[];
  readonly things: readonly Thing[];
  readonly arrows: readonly Arrow[];
}
