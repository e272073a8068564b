import type { Signature } from '../signature.ts';

/** The container's command, or one that its entry script needs, is not in the image. */
export default {
  cause: 'command-not-found',
  patterns: [
    {
      regex: String.raw`exec: "([^"]{1,200})": (?:executable file not found in \$PATH|stat .{0,200}: no such file or directory)`,
      weight: 10,
      subject: 1,
      source: 'Go os/exec LookPath as runc reports it',
    },
    {
      regex: String.raw`^(?:/\S+/)?(?:\S{1,80}: )(?:line )?\d+: (?:exec: )?([\w./+-]{1,200}): (?:command )?not found\s*$`,
      weight: 9,
      subject: 1,
      source: 'dash src/exec.c, bash execute_cmd.c',
    },
    {
      regex: String.raw`^(?:/bin/)?(?:ba|da|a|z)?sh: (?:\d+: )?(?:exec: )?(?:line \d+: )?([\w./+-]{1,200}): (?:command )?not found\s*$`,
      weight: 9,
      subject: 1,
      source: 'busybox shell/ash.c, dash, bash',
    },
    {
      regex: String.raw`(?:exec|env): ['\u2018\u2019]?([\w./+\\ -]{1,200}?)['\u2018\u2019]?: (?:not found|No such file or directory)`,
      weight: 9,
      subject: 1,
      source: 'busybox, GNU coreutils env.c',
    },
    {
      regex: String.raw`exec (/\S{1,200}|[\w.-]+): no such file or directory`,
      weight: 9,
      subject: 1,
      source: 'runc libcontainer/standard_init_linux.go; tini src/tini.c',
    },
    {
      regex: String.raw`\[FATAL tini .{0,20}\] exec (\S{1,200}) failed: (?:No such file or directory|Permission denied)`,
      weight: 9,
      subject: 1,
      source: 'tini src/tini.c spawn_process',
    },
  ],
} satisfies Signature;
