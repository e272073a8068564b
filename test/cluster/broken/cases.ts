import { CONNECTIONS } from './connections.ts';
import { IMAGES } from './images.ts';
import { PLACEMENT } from './placement.ts';
import { PROBES } from './probes.ts';
import { PROGRAMS } from './programs.ts';
import { STARTS } from './starts.ts';
import type { Broken } from './workloads.ts';

/** Every cause that is not a matter of logs alone, and some that are: the first finding of each. */
export const BROKEN: readonly Broken[] = [...IMAGES, ...STARTS, ...PROBES, ...PLACEMENT, ...CONNECTIONS, ...PROGRAMS];
