/** What /proc tells of a container's processes, threads and sockets: read by a script in the container, and parsed here. */

/** A thread as the kernel sees it. */
export interface Task {
  pid: number;
  tid: number;
  /** `S` sleeps, `R` runs, `D` waits for a device and cannot be ended, `Z` is over. */
  state: string;
  /** The kernel function in which it waits; empty where it runs or where that is not told. */
  waitsIn: string;
}

export interface Process {
  pid: number;
  command: string[];
}

export interface ProcView {
  processes: Process[];
  tasks: Task[];
  sockets: Socket[];
}

/** A TCP socket; queues in bytes, of one that listens `received` counts the connections that nobody has accepted yet. */
export interface Socket {
  state: string;
  localPort: number;
  remotePort: number;
  received: number;
  sending: number;
}

const MOST_TASKS = 200;
const MOST_SOCKETS = 400;

/**
 * Prints what is parsed below, with the shell's own means and `cat`. The script's own processes come and go meanwhile: what is
 * gone when it is read is left out.
 */
export const PROC_SCRIPT = `
for p in /proc/[0-9]*; do
  [ "\${p#/proc/}" = "$$" ] && continue
  c=$(cat "$p/cmdline" 2>/dev/null | tr '\\000' '\\037') && [ -n "$c" ] && echo "process \${p#/proc/} $c"
done
n=0
for t in /proc/[0-9]*/task/[0-9]*; do
  [ "\${t#/proc/$$/}" = "$t" ] || continue
  n=$((n+1)); [ $n -gt ${MOST_TASKS} ] && break
  read -r s 2>/dev/null < "$t/stat" && printf 'task %s %s %.60s\n' "$t" "$(cat "$t/wchan" 2>/dev/null)" "$s"
done
n=0
for f in /proc/1/net/tcp /proc/1/net/tcp6; do
  while read -r l; do
    n=$((n+1)); [ $n -gt ${MOST_SOCKETS} ] && break
    echo "tcp $l"
  done < "$f"
done 2>/dev/null
true
`;

/** The script's output; lines that are of no kind are passed over. */
export function parseProc(text: string): ProcView {
  const lines = text.split('\n');
  return {
    processes: lines.flatMap(processOf),
    tasks: lines.flatMap(taskOf),
    sockets: lines.flatMap(socketOf),
  };
}

/** Arguments are parted by the unit separator: they may hold spaces. */
function processOf(line: string): Process[] {
  const [, pid, command] = /^process (\d+) (.+)$/.exec(line) ?? [];
  if (pid === undefined || command === undefined) return [];
  return [{ pid: Number(pid), command: command.split('\u001f').filter((argument) => argument !== '') }];
}

/** `task /proc/1/task/7 futex_do_wait 7 (python3) S ...`: the name in brackets may hold anything. */
function taskOf(line: string): Task[] {
  const [, pid, tid, wchan = '', state = ''] =
    /^task \/proc\/(\d+)\/task\/(\d+) (\S*) \d+ \(.*\) (\w)/.exec(line) ?? [];
  if (pid === undefined || tid === undefined) return [];
  return [{ pid: Number(pid), tid: Number(tid), state, waitsIn: wchan === '0' ? '' : wchan }];
}

/** https://www.kernel.org/doc/html/latest/networking/proc_net_tcp.html */
const SOCKET = /^tcp +\d+: [0-9A-F]+:([0-9A-F]{4}) [0-9A-F]+:([0-9A-F]{4}) ([0-9A-F]{2}) ([0-9A-F]{8}):([0-9A-F]{8}) /i;

/** include/net/tcp_states.h */
const STATES = [
  '',
  'ESTABLISHED',
  'SYN_SENT',
  'SYN_RECV',
  'FIN_WAIT1',
  'FIN_WAIT2',
  'TIME_WAIT',
  'CLOSE',
  'CLOSE_WAIT',
  'LAST_ACK',
  'LISTEN',
  'CLOSING',
  'NEW_SYN_RECV',
];

function socketOf(line: string): Socket[] {
  const [, local, remote, state, sending, received] = SOCKET.exec(line) ?? [];
  if (local === undefined || remote === undefined || state === undefined) return [];
  const hex = (digits: string | undefined): number => Number.parseInt(digits ?? '0', 16);
  return [
    {
      state: STATES[hex(state)] ?? state,
      localPort: hex(local),
      remotePort: hex(remote),
      sending: hex(sending),
      received: hex(received),
    },
  ];
}
