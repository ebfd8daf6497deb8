// Amazon Linux's package repositories, which lie in S3 and so can be reached without a way to the internet.
import type { AwsAccount } from "../aws-account.ts";
import type { BastionFeature } from "./feature.ts";
import type { ImageName } from "./image.ts";

/** The bucket of each image's repositories in a Region; Ubuntu's are on the internet. */
const BUCKETS: Readonly<Partial<Record<ImageName, (region: string) => string>>> = {
  // The end is the same in all Regions: it is part of the name that Amazon chose.
  al2023: (region) => `al2023-repos-${region}-de612dc2`,
  al2: (region) => `amazonlinux-2-repos-${region}`,
};

/** Whether the image's packages come from S3. */
export function hasRepositoriesInS3(image: ImageName): boolean {
  return image in BUCKETS;
}

/**
 * Lets the bastion fetch packages: S3's endpoint passes their bucket, and no other. They are fetched without a signature,
 * so the role needs nothing for it.
 *
 * @see https://docs.aws.amazon.com/linux/al2023/ug/managing-repos-os-updates.html
 */
export function packageRepositories(image: ImageName, { partition, region }: AwsAccount): BastionFeature {
  const bucket = BUCKETS[image]?.(region);
  return { statements: [], publicObjects: bucket === undefined ? [] : [`arn:${partition}:s3:::${bucket}/*`] };
}
