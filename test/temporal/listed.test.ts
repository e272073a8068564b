import { describe, expect, test } from '@jest/globals';
import { listedOf } from '../../src/temporal/listed.ts';
import { applied, begun, diagnosed, happen, planned, started, verified } from '../recovery/story.ts';

const open = happen(started(), 1, ...diagnosed(), planned(), begun(), applied());

describe('a recovery in the list', () => {
  test('has the time at which a person is paged', () => {
    expect(listedOf(open)).toEqual({ deadline: open.episode.deadline });
  });

  test('has none once it has recovered: nobody will be paged', () => {
    const recovered = happen(open, 2, verified('pass', true), { kind: 'recovered', by: 'remedy' });
    expect(listedOf(recovered)).toEqual({ deadline: null });
  });
});
