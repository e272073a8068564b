import { describe, expect, test } from '@jest/globals';
import { legible, nameOf, oneLine } from '../../src/recovery/words.ts';

const ESC = String.fromCharCode(27);

describe('text of others', () => {
  test.each([
    ['a terminal’s commands', `ok${ESC}[2J`, 'ok\uFFFD[2J'],
    ['C1 control characters', `ok${String.fromCharCode(0x9b)}2J`, 'ok\uFFFD2J'],
    ['what turns the direction of writing', 'a\u202Eb\u2066c', 'a\uFFFDb\uFFFDc'],
    ['what nobody sees', 'a\u200Bb\uFEFF', 'a\uFFFDb\uFFFD'],
    ['half a character', 'a\uD83D', 'a\uFFFD'],
  ])('shows %s as a sign that something was there', (_what, text, shown) => {
    expect(legible(text)).toBe(shown);
  });

  test('keeps tabs, lines, letters of any script and joined signs', () => {
    for (const text of ['a\tb\nc', 'é ß 日本語 עברית', '👩‍🚒', '✅']) expect(legible(text)).toBe(text);
  });

  test('has one kind of line end, whatever a terminal would take for one', () => {
    expect(legible('a\r\nb\rc\u2028d\u2029e\u0085f\u000bg')).toBe('a\nb\nc\nd\ne\nf\ng');
    expect(oneLine(' a \r\n\t b ')).toBe('a b');
  });
});

describe('a name', () => {
  test('is one line of 200 characters at most, without what nobody sees', () => {
    expect(nameOf('  ana\n  03:10:00Z  order approve by bo is taken ')).toBe(
      'ana 03:10:00Z order approve by bo is taken',
    );
    expect(nameOf('an\u200Da')).toBe('ana');
    expect(nameOf('x'.repeat(300))).toHaveLength(200);
    expect(nameOf(' \n\u200B ')).toBe('');
  });
});
