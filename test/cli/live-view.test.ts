import { beforeEach, expect, test } from '@jest/globals';
import { jsonView, liveView } from '../../src/cli/live-view.ts';
import { KintsugiError } from '../../src/errors.ts';
import type { RecoveryEvent } from '../../src/recovery/events.ts';
import { emptyRecord } from '../../src/recovery/record.ts';

const event: RecoveryEvent = { v: 1, seq: 1, at: '2026-01-31T03:00:00.000Z', kind: 'deadline-passed' };
const tick: RecoveryEvent = { v: 1, seq: 2, at: '2026-01-31T03:00:01.000Z', kind: 'tick' };
const never = () => false;

/** A stream that keeps what was written to it. */
function keeping(isTTY: boolean) {
  const written: string[] = [];
  const write = (text: string | Uint8Array) => written.push(String(text)) > 0;
  return { stream: { isTTY, columns: 40, write }, text: () => written.join('') };
}

// jest asks for colours where it runs files in processes of its own.
beforeEach(() => {
  delete process.env.FORCE_COLOR;
});

test('a pipe gets the events alone, without colour and without a line that is written over', () => {
  const { stream, text } = keeping(false);
  const view = liveView(stream, never);
  view.onEvent(event);
  view.onEvent(tick);
  view.onRecord(emptyRecord);
  view.end();
  expect(text()).toBe('03:00:00Z  the deadline has passed\n');
});

test('a terminal gets a last line of what it waits for, cut to its width, and cleared before each event', () => {
  const { stream, text } = keeping(true);
  const view = liveView(stream, never);
  view.onRecord({ ...emptyRecord, episode: { ...emptyRecord.episode, deadline: '2999-01-01T00:00:00.000Z' } });
  const shown = text();
  expect(shown).toContain('diagnosing, waiting');
  const plain = shown.replaceAll(new RegExp(`\\r|${String.fromCharCode(27)}\\[[0-9]*[Km]`, 'g'), '');
  expect(plain).toHaveLength(39);
  view.onEvent(event);
  expect(text().slice(shown.length)).toMatch(new RegExp(`^\\r${String.fromCharCode(27)}\\[K.*the deadline has passed`));
});

test('several last lines are all cleared before each event, from the last one upwards', () => {
  const { stream, text } = keeping(true);
  const view = liveView(stream, never);
  view.onRecord({
    ...emptyRecord,
    takenOver: { by: 'ana', at: '2026-01-31T03:00:00.000Z', verified: false, episode: 1 },
  });
  const shown = text();
  expect(shown.split('\n')).toHaveLength(2);
  view.onEvent(event);
  const control = `${String.fromCharCode(27)}\\[`;
  const cleared = new RegExp(`^\\r${control}K${control}1A${control}K[^\\n]*the deadline has passed`);
  expect(text().slice(shown.length)).toMatch(cleared);
});

test('a worker that does not answer is said with what to do', () => {
  const { stream, text } = keeping(false);
  const silence = new KintsugiError('unavailable', 'no worker answered', { where: 'queue', fix: 'start one' });
  liveView(stream, never).onSilence(silence);
  expect(text()).toBe('no worker answered (start one)\n');
});

test('a program gets every event as one JSON object a line', () => {
  const { stream, text } = keeping(false);
  const view = jsonView(stream, never);
  view.onEvent(event);
  view.onEvent(tick);
  const lines = text().trimEnd().split('\n');
  expect(lines.map((line): unknown => JSON.parse(line))).toEqual([{ event }, { event: tick }]);
});
