// The constructs, for use in other CDKTF apps.
export { AwsAccount } from "./aws-account.ts";
export { BastionHosts, type BastionHostsProps } from "./bastion/bastion-hosts.ts";
export type { BastionFeature, BastionFeatureIn } from "./bastion/feature.ts";
export { Image, OS_USERS, type ImageName, type ImageProps } from "./bastion/image.ts";
export { BastionRole, type BastionRoleProps } from "./bastion/role.ts";
export { BastionSecurityGroup, type BastionSecurityGroupProps, type BastionTarget } from "./bastion/security-group.ts";
export { EncryptionKey, type EncryptionKeyProps } from "./encryption-key.ts";
export { NamedStack } from "./named-stack.ts";
export { EndpointServices, type EndpointService, type EndpointServicesProps } from "./network/endpoint-services.ts";
export { FlowLogs, type FlowLogsProps } from "./network/flow-logs.ts";
export {
  InterfaceEndpoints,
  type InterfaceEndpoint,
  type InterfaceEndpointsProps,
} from "./network/interface-endpoints.ts";
export { IsolatedNetwork, type IsolatedNetworkProps, type ZoneChoice } from "./network/isolated-network.ts";
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
