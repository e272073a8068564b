import type { Signature } from '../signature.ts';

/** The kernel's own words, where a log holds them. The kubelet's reason `OOMKilled` is read from the state, not from logs. */
export default {
  cause: 'oom-killed',
  patterns: [
    {
      regex: 'Memory cgroup out of memory: Kill(?:ed)? process',
      weight: 10,
      source: 'Linux mm/oom_kill.c oom_kill_process',
    },
    {
      regex: 'oom-kill:constraint=CONSTRAINT_MEMCG',
      weight: 10,
      source: 'Linux mm/oom_kill.c dump_oom_victim',
    },
  ],
} satisfies Signature;
