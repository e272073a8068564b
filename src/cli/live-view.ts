import type { RecoveryEvent } from '../recovery/events.ts';
import type { RecoveryRecord } from '../recovery/record.ts';
import { eventLine } from './event-line.ts';
import type { Follower } from './follow.ts';
import { coloursFor, jsonText, terminalText } from './output.ts';
import { clockTime, type Tone, toneOf } from './sentences.ts';
import { waitingLines } from './waiting.ts';

/** A terminal, or whatever a stream leads to. */
type Stream = Pick<NodeJS.WriteStream, 'write' | 'isTTY' | 'columns'>;

/**
 * Shows a recovery as it happens: each event as one line on `stream`; on a terminal some last lines that are written over, with
 * what it waits for and the time left.
 */
export function liveView(stream: Stream, done: Follower['done']): Follower & { end(): void } {
  const colours = coloursFor(stream);
  const paint: Record<Tone, (text: string) => string> = {
    good: colours.green,
    bad: colours.red,
    asks: colours.yellow,
    plain: (text) => text,
  };
  let drawn = 0;
  // From the last line upwards: each is emptied, and the cursor goes to the one above it.
  const clear = () => {
    if (stream.isTTY !== true) return;
    stream.write(`\r\u001b[K${'\u001b[1A\u001b[K'.repeat(Math.max(0, drawn - 1))}`);
    drawn = 0;
  };
  const line = (text: string) => {
    clear();
    stream.write(`${terminalText(text)}\n`);
  };
  return {
    onEvent: (event) => {
      const text = eventLine(event);
      if (text !== null) line(`${colours.dim(clockTime(event.at))}  ${paint[toneOf(event)](text)}`);
    },
    onRecord: (record) => {
      if (stream.isTTY !== true) return;
      clear();
      // A line that the terminal wraps would be two, of which only one is written over.
      const width = Math.max(20, (stream.columns ?? 80) - 1);
      const lines = waitingLines(record, new Date().toISOString()).map((text) => text.slice(0, width));
      stream.write(colours.dim(lines.join('\n')));
      drawn = lines.length;
    },
    onSilence: ({ message, fix }) => line(colours.yellow(`${message} (${fix})`)),
    done,
    end: clear,
  };
}

/** The same for a program: one JSON object a line, each event once. */
export function jsonView(stream: Stream, done: Follower['done']): Follower & { end(): void } {
  return {
    onEvent: (event: RecoveryEvent) => {
      stream.write(`${jsonText({ event })}\n`);
    },
    onRecord: (_record: RecoveryRecord) => undefined,
    onSilence: () => undefined,
    done,
    end: () => undefined,
  };
}
