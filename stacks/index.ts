// The constructs, for use in other CDKTF apps.
export { AccessGroup, type AccessGroupProps } from "./access/access-group.ts";
export { AccessPolicy, type AccessPolicyProps } from "./access/access-policy.ts";
export { AccessUser, type AccessUserProps } from "./access/access-user.ts";
export { AuditPolicy } from "./access/audit-policy.ts";
export {
  BastionAccess,
  targetDocumentName,
  type AccessGroupMembers,
  type AccessKind,
  type AccessTarget,
  type BastionAccessProps,
} from "./access/bastion-access.ts";
export { ACCESS_TAG_KEY, instancesById, instancesByTag, type InstanceScope } from "./access/instance-scope.ts";
export { RebootPolicy } from "./access/reboot-policy.ts";
export { ShellPolicy, type ShellPolicyProps } from "./access/shell-policy.ts";
export { SshPolicy, type SshPolicyProps } from "./access/ssh-policy.ts";
export { TargetAccess, type TargetAccessProps } from "./access/target-access.ts";
export { TunnelPolicy, type TunnelPolicyProps } from "./access/tunnel-policy.ts";
export { InstanceAssociations, type InstanceAssociationsProps } from "./associations/instance-associations.ts";
export { AccessRules, accessRuleArns, type AccessRulesProps } from "./audit/access-rules.ts";
export { EncryptedTopic, type EncryptedTopicProps, type Publisher } from "./audit/encrypted-topic.ts";
export { LockedTrail, trailArn, type LockedTrailProps } from "./audit/locked-trail.ts";
export { AwsAccount } from "./aws-account.ts";
export { BastionHosts, type BastionHostsProps } from "./bastion/bastion-hosts.ts";
export type { BastionFeature, BastionFeatureIn } from "./bastion/feature.ts";
export { Image, OS_USERS, type ImageName, type ImageProps } from "./bastion/image.ts";
export { packageRepositories } from "./bastion/package-repositories.ts";
export { BastionRole, type BastionRoleProps } from "./bastion/role.ts";
export { BastionSecurityGroup, type BastionSecurityGroupProps, type BastionTarget } from "./bastion/security-group.ts";
export { userData, type ForwardingTarget, type UserDataProps } from "./bastion/user-data.ts";
export { DatabaseNetwork, type DatabaseNetworkProps } from "./database/database-network.ts";
export { Postgresql, type PostgresqlProps } from "./database/postgresql.ts";
export { EncryptionKey, type EncryptionKeyProps } from "./encryption-key.ts";
export { NamedStack } from "./named-stack.ts";
export { EndpointServices, type EndpointService, type EndpointServicesProps } from "./network/endpoint-services.ts";
export { ExistingEndpoints, type ExistingEndpointsProps } from "./network/existing-endpoints.ts";
export { ExistingNetwork, type ExistingNetworkProps, type Tags } from "./network/existing-network.ts";
export { ExistingS3Endpoint, type ExistingS3EndpointProps } from "./network/existing-s3-endpoint.ts";
export { FlowLogs, type FlowLogsProps } from "./network/flow-logs.ts";
export { IsolatedBastion, type IsolatedBastionProps } from "./isolated-bastion.ts";
export {
  InterfaceEndpoints,
  type InterfaceEndpoint,
  type InterfaceEndpointsProps,
} from "./network/interface-endpoints.ts";
export { IsolatedNetwork, type IsolatedNetworkProps } from "./network/isolated-network.ts";
export { NatNetwork, type NatNetworkProps } from "./network/nat-network.ts";
export { subnetAt, type Network, type SharedNetwork } from "./network/network.ts";
export { PublicNetwork, type PublicNetworkProps } from "./network/public-network.ts";
export { S3Endpoint, type S3EndpointProps } from "./network/s3-endpoint.ts";
export type { ZoneChoice } from "./network/vpc.ts";
export type { PolicyStatement } from "./policy-document.ts";
export { PrivateBucket, type PrivateBucketProps } from "./private-bucket.ts";
export {
  sessionPreferencesFeature,
  type SessionPreferencesFeatureProps,
} from "./session-preferences/bastion-feature.ts";
export { LogAlarms, type LogAlarm, type LogAlarmsProps } from "./session-preferences/log-alarms.ts";
export { SessionDocument, type SessionDocumentProps } from "./session-preferences/session-document.ts";
export { SessionLog, type SessionLogProps } from "./session-preferences/session-log.ts";
export { StatePolicy, type StatePolicyProps } from "./state/state-policy.ts";
export { completeSettings, type Settings } from "./settings.ts";
export type { SettingsInput } from "./settings/schema.ts";
export { SettingsError } from "./settings/settings-error.ts";
