/** What `py-spy dump` prints, read: https://github.com/benfred/py-spy/blob/v0.4.1/src/dump.rs */

/** One thread of a Python process. */
export interface PythonThread {
  /** The kernel's id where py-spy knows it; 0 where it printed Python's own. */
  tid: number;
  name: string;
  /** Whether it ran, or had the interpreter's lock, when it was looked at. */
  active: boolean;
  /** The innermost first: `transfer (agent.py:7)`. */
  frames: string[];
}

/** A Python process as it was seen. */
export interface PythonDump {
  pid: number;
  version: string;
  threads: PythonThread[];
}

/** Reads a dump; null for a text that is none. A thread without a name has its id for one. */
export function parsePySpy(text: string): PythonDump | null {
  const pid = /^Process (\d+):/m.exec(text)?.[1];
  if (pid === undefined) return null;
  const threads: PythonThread[] = [];
  for (const line of text.split('\n')) {
    const head = /^Thread (0x[0-9A-Fa-f]+|\d+) \(([^)]*)\)(?:: "(.*)")?/.exec(line);
    if (head !== null) {
      const [, id = '', state = '', name = id] = head;
      const tid = id.startsWith('0x') ? 0 : Number(id);
      threads.push({ tid, name, active: /^active|\+gil/.test(state), frames: [] });
    } else if (/^ {4}\S/.test(line)) {
      threads.at(-1)?.frames.push(line.trim());
    }
  }
  const version = /^Python v(\S+)/m.exec(text)?.[1] ?? 'unknown';
  return { pid: Number(pid), version, threads };
}
