import { describe, expect, test } from '@jest/globals';
import { throttlingOf } from '../../src/diagnosis/collect/measurements.ts';

const UID = '5d9d57ad-a762-4af8-a2c1-dfbe7755d7bb';
const ID = '5b3b08936052190fc5e447948cc6c2ddd191e5eb31b65f3d21ebf8839ea04487';
const series = (group: string, periods: number, throttled: number): string =>
  [
    '# TYPE container_cpu_cfs_periods_total counter',
    `container_cpu_cfs_periods_total{container="",id="${group}",image="",name="",namespace="a",pod="app-1"} ${periods} 1795663776829`,
    `container_cpu_cfs_throttled_periods_total{container="",id="${group}",image="",name="",namespace="a",pod="app-1"} ${throttled} 1795663776829`,
    `container_cpu_cfs_throttled_seconds_total{container="",id="${group}",image="",name="",namespace="a",pod="app-1"} 669.2 1795663776829`,
  ].join('\n');
const app = { pod: 'app-1', uid: UID, container: 'app', id: ID };

describe('CPU throttling out of the kubelet’s metrics', () => {
  test('is that of the container’s own cgroup', () => {
    const text = [series(`/kubepods/pod${UID}`, 900, 1), series(`/kubepods/pod${UID}/${ID}`, 100, 83)].join('\n');
    expect(throttlingOf(text, [app])).toEqual(new Map([['app-1/app', { periods: 100, throttled: 83 }]]));
  });

  test('is that of the pod where the container was just restarted, or is between two lives', () => {
    const text = [series(`/kubepods/pod${UID}`, 8217, 7749), series(`/kubepods/pod${UID}/${ID}`, 2, 0)].join('\n');
    const expected = new Map([['app-1/app', { periods: 8217, throttled: 7749 }]]);
    expect(throttlingOf(text, [app])).toEqual(expected);
    expect(throttlingOf(text, [{ ...app, id: '' }])).toEqual(expected);
  });

  test('is found where systemd names the cgroups', () => {
    const slice = `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${UID.replaceAll('-', '_')}.slice`;
    const scope = `${slice}/cri-containerd-${ID}.scope`;
    expect(throttlingOf(series(slice, 50, 5), [app])).toEqual(new Map([['app-1/app', { periods: 50, throttled: 5 }]]));
    expect(throttlingOf(series(scope, 60, 6), [app])).toEqual(new Map([['app-1/app', { periods: 60, throttled: 6 }]]));
  });

  test('is not known for a pod of which the node says nothing', () => {
    expect(throttlingOf(series('/kubepods/podother', 900, 900), [app])).toEqual(new Map());
  });
});
