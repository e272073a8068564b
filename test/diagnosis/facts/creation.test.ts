import { describe, test } from '@jest/globals';
import type { Evidence } from '../../../src/diagnosis/evidence.ts';
import { type Case, isToldFirst } from './first-finding.ts';
import { warning } from './seen.ts';

const creation = (message: string): Partial<Evidence> => ({
  events: [warning('FailedCreate', `Error creating: ${message}`, 'ReplicaSet/agent-bruno-5d8')],
});

const NO_POD: Case[] = [
  [
    'a quota is used up: which, how much was asked, used and allowed',
    creation(
      'pods "agent-bruno-5d8-x" is forbidden: exceeded quota: compute, requested: limits.memory=2Gi, used: limits.memory=3Gi, limited: limits.memory=4Gi',
    ),
    'quota-exceeded||compute',
    'asked limits.memory=2Gi, used limits.memory=3Gi, hard limits.memory=4Gi',
  ],
  [
    'a quota asks for limits that the template does not set',
    creation('pods "a" is forbidden: failed quota: compute: must specify limits.cpu for: agent-bruno'),
    'quota-exceeded||compute',
    'limits.cpu for: agent-bruno',
  ],
  [
    'a LimitRange forbids the limits',
    creation(
      'pods "a" is forbidden: [maximum memory usage per Container is 512Mi, but limit is 1Gi, minimum cpu usage per Container is 100m, but request is 10m]',
    ),
    'quota-exceeded||LimitRange',
    'maximum memory usage per Container is 512Mi, but limit is 1Gi',
  ],
  [
    'a ServiceAccount is missing',
    creation('pods "a" is forbidden: error looking up service account bruno/runner: serviceaccount "runner" not found'),
    'missing-config-reference||ServiceAccount/runner',
    'kubectl create serviceaccount runner',
  ],
  [
    'a PriorityClass is missing',
    creation('pods "a" is forbidden: no PriorityClass with name critical was found'),
    'missing-config-reference||PriorityClass/critical',
    'priorityClassName',
  ],
  [
    'Pod Security refuses: which level and which fields',
    creation(
      'pods "a" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "agent-bruno" must set securityContext.allowPrivilegeEscalation=false)',
    ),
    'configuration-error||PodSecurity restricted:latest',
    'allowPrivilegeEscalation != false',
  ],
  [
    'a webhook denies',
    creation('admission webhook "validate.kyverno.svc-fail" denied the request: label team is required'),
    'configuration-error||webhook validate.kyverno.svc-fail',
    'label team is required',
  ],
  [
    'a webhook is away',
    creation(
      'Internal error occurred: failed calling webhook "pods.policy.example.com": failed to call webhook: Post "https://policy.policy.svc:443/validate?timeout=10s": no endpoints available for service "policy"',
    ),
    'configuration-error||webhook pods.policy.example.com',
    'no endpoints available for service "policy"',
  ],
  [
    'a field of the template is not valid',
    creation(
      'Pod "a" is invalid: spec.containers[0].resources.requests: Invalid value: "2Gi": must be less than or equal to memory limit of 1Gi',
    ),
    'configuration-error||spec.containers[0].resources.requests',
    'must be less than or equal to memory limit',
  ],
];

describe('when no pod is made', () => {
  test.each(NO_POD)('%s', isToldFirst);
});
