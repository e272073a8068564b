import { describe, expect, test } from '@jest/globals';
import type { Command } from 'commander';
import { actorValue, deadlineValue, reasonValue, targetValue } from '../../src/cli/options.ts';
import { table } from '../../src/cli/output.ts';
import { createProgram } from '../../src/cli/program.ts';

const now = new Date('2026-01-31T03:00:00.000Z');

describe('a deadline', () => {
  test.each([
    ['20m', '2026-01-31T03:20:00.000Z'],
    ['1h30m5s', '2026-01-31T04:30:05.000Z'],
    ['2026-01-31T05:00:00Z', '2026-01-31T05:00:00.000Z'],
    ['2026-01-31T05:00:00+02:00', '2026-01-31T03:00:00.000Z'],
  ])('%s is %s', (text, time) => {
    expect(deadlineValue(text, now)).toBe(time);
  });

  test.each(['', 'soon', '20', 'm', '5m20', '2026-13-01T00:00:00Z', '0x10m'])('"%s" is refused', (text) => {
    expect(() => deadlineValue(text, now)).toThrow('give a time like');
  });
});

test('a target is namespace/kind/name of a kind that Kintsugi knows', () => {
  expect(targetValue('bruno/Deployment/agent-bruno')).toBe('bruno/Deployment/agent-bruno');
  for (const text of ['agent-bruno', 'bruno/agent-bruno', 'bruno/job/x', 'bruno/deployment/x/y']) {
    expect(() => targetValue(text)).toThrow('give namespace/kind/name');
  }
});

test('who and why are said in words, one line for a name', () => {
  expect(actorValue(' ana\n03:10:00Z ')).toBe('ana 03:10:00Z');
  expect(reasonValue(' upgrade\u0007 ')).toBe('upgrade\uFFFD');
  for (const blank of ['', ' ', '\u200B']) expect(() => actorValue(blank)).toThrow('give the name of who you are');
  for (const blank of ['', ' \n']) expect(() => reasonValue(blank)).toThrow('say why');
});

test('a table is as wide as its widest cells, with a dash for what is not known', () => {
  expect(
    table(
      ['A', 'LONG'],
      [
        ['wide cell', null],
        ['x', 'y'],
      ],
    ),
  ).toBe('A          LONG\nwide cell  -\nx          y');
});

describe('the command line', () => {
  const leaves = (command: Command): Command[] =>
    command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);

  test.each(leaves(createProgram()).map((command) => [command.name(), command] as const))(
    '%s can answer in JSON, and its help says what it does',
    (_, command) => {
      expect(command.options.map(({ long }) => long)).toContain('--json');
      expect(command.description()).not.toBe('');
      for (const { description, flags } of command.options) expect([flags, description]).not.toEqual([flags, '']);
    },
  );
});
