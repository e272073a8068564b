import { describe, expect, test } from '@jest/globals';
import { type Provider, provide } from '../../dev/testing/provide.ts';
import type { Need } from '../needs.ts';

const silent = () => undefined;

/** Providers of which none does anything but those given. */
function providers(given: Partial<Record<Need, Provider>>): Record<Need, Provider> {
  const nothing: Provider = async () => ({});
  return {
    alone: nothing,
    cluster: nothing,
    temporal: nothing,
    java: nothing,
    browser: nothing,
    promtool: nothing,
    docker: nothing,
    flux: nothing,
    snapshots: nothing,
    go: nothing,
    ...given,
  };
}

describe('what tests need', () => {
  test('is taken back, the last first, when it is interrupted while more is provided', async () => {
    const takenBack: string[] = [];
    const interrupting = new AbortController();
    const cluster: Provider = async (_progress, _signal, undo) => {
      undo.push(
        async () => takenBack.push('cluster'),
        async () => takenBack.push('images'),
      );
      interrupting.abort(new Error('interrupted'));
      throw new Error('the build was ended');
    };
    const provision = provide(['cluster', 'temporal'], silent, interrupting.signal, providers({ cluster }));
    await expect(provision).rejects.toThrow('interrupted');
    expect(takenBack).toEqual(['images', 'cluster']);
  });

  test('and cannot be had is told with its reason, and the rest is provided', async () => {
    const java: Provider = async () => {
      throw new Error('no java on PATH');
    };
    const temporal: Provider = async () => ({ KINTSUGI_TEST_TEMPORAL: '/bin/temporal' });
    const given = providers({ java, temporal });
    const { missing, environment } = await provide(['java', 'temporal'], silent, new AbortController().signal, given);
    expect([...missing]).toEqual([['java', 'no java on PATH']]);
    expect(environment).toEqual({ KINTSUGI_TEST_TEMPORAL: '/bin/temporal' });
  });
});
