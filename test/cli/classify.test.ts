import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { classifyFile } from '../../src/cli/classify.ts';

let folder = '';
const write = (name: string, content: string): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'classify-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a log file is classified, with the time that it took', () => {
  const answer = classifyFile(write('a.log', "ModuleNotFoundError: No module named 'fastapi'\n"), { exitCode: 1 });
  expect(answer.findings[0]).toMatchObject({ cause: 'application-startup-failure', subject: 'fastapi' });
  expect(answer.ms).toBeGreaterThan(0);
});

test('what the kubelet reported decides over the log', () => {
  const log = write('b.log', 'redis.exceptions.ConnectionError: Error 111 connecting to redis:6379.\n');
  expect(classifyFile(log, { exitCode: 137, reason: 'OOMKilled' }).findings[0]?.cause).toBe('oom-killed');
});

test('events are read as kubectl prints them, and as a plain list', () => {
  const event = { type: 'Normal', reason: 'Killing', message: 'Container x failed liveness probe, will be restarted' };
  for (const content of [{ kind: 'List', items: [event] }, [event]]) {
    const events = write('events.json', JSON.stringify(content));
    expect(classifyFile(write('c.log', ''), { exitCode: 137, events }).findings[0]?.cause).toBe(
      'liveness-probe-failure',
    );
  }
});

test('secrets of the log are not in the answer', () => {
  const log = write('d.log', 'Error 111 connecting to redis:6379 with redis://:hunter2pass@redis:6379\n');
  const answer = JSON.stringify(classifyFile(log, {}));
  expect(answer).toContain('redis-connection-failure');
  expect(answer).not.toContain('hunter2pass');
});

test('a file that is not there, and events that are none, are named', () => {
  expect(() => classifyFile(join(folder, 'none.log'), {})).toThrow('cannot be read');
  const events = write('bad.json', '{"a": 1}');
  expect(() => classifyFile(write('e.log', ''), { events })).toThrow('these are no events');
});
