// Whether there is a way to the packages of the image that is to be patched.
import { hasRepositoriesInS3 } from "../../bastion/package-repositories.ts";
import type { Settings } from "../schema.ts";
import type { Problem } from "../settings-error.ts";

export function patchingProblems({ patching, image }: Settings): Problem[] {
  if (!patching || hasRepositoriesInS3(image)) return [];
  return [
    {
      message: `"patching": true has no use with "image": "${image}", whose packages are not in S3`,
      cure: 'write "image": "al2023", or leave patching out: "ami_policy": "latest" brings patches with each image',
    },
  ];
}
