import { loadConfiguration } from '../configuration/configuration.ts';
import { KintsugiError } from '../errors.ts';
import { milliseconds } from '../recovery/durations.ts';
import { formatTarget } from '../recovery/ids.ts';
import { type Entry, isActive, type Scope } from '../silences/entry.ts';
import { requireToken } from './front-door.ts';
import { statedActor } from './options.ts';

/** Where the command line reads and sets silences: at the gateway, if KINTSUGI_URL names one; else in the cluster itself. */
export interface SilenceDoor {
  add(asked: { scope: Scope; for: string; reason: string; actor?: string }): Promise<Entry>;
  /** Those that hold, or all that are kept, the latest end first. */
  list(all: boolean): Promise<Entry[]>;
  end(id: string, asked: { reason?: string; actor?: string }): Promise<Entry>;
}

/** The door that the configuration names. */
export async function silenceDoor(): Promise<SilenceDoor> {
  const { url, token } = loadConfiguration(process.env);
  return url === undefined ? clusterDoor() : gatewaySilences(url, requireToken(token));
}

async function gatewaySilences(url: string, token: string): Promise<SilenceDoor> {
  const { gatewayAsk } = await import('./gateway-door.ts');
  const { silenceAnswer, silencesAnswer } = await import('../gateway/api/schemas.ts');
  const ask = gatewayAsk(url, token);
  return {
    add: ({ scope, ...asked }) => {
      const about = 'runbook' in scope ? scope : { target: formatTarget(scope.target) };
      return ask('POST', '/api/v1/silences', silenceAnswer, { ...about, ...asked });
    },
    list: async (all) => (await ask('GET', `/api/v1/silences?all=${all}`, silencesAnswer)).silences,
    end: (id, asked) => ask('POST', `/api/v1/silences/${encodeURIComponent(id)}/end`, silenceAnswer, asked),
  };
}

/** Straight to the ConfigMap: whoever may write it says who it was, and nobody has verified that. */
function clusterDoor(): SilenceDoor {
  const store = () => import('../silences/store.ts');
  const where = async () => (await import('./cluster.ts')).pauseSwitch();
  return {
    add: async ({ scope, for: span, reason, actor }) => {
      const by = statedActor(actor);
      if ('runbook' in scope) await checkRunbook(scope.runbook);
      return (await store()).addSilence(await where(), { scope, actor: by, reason, forMs: milliseconds(span) });
    },
    list: async (all) => {
      const entries = await (await store()).readSilences(await where());
      return all ? entries : entries.filter((entry) => isActive(entry, new Date()));
    },
    end: async (id, { reason = '', actor }) => {
      const by = statedActor(actor);
      return (await store()).endSilence(await where(), id, { actor: by, reason });
    },
  };
}

/** A silence of a runbook that is not there would silence nothing, and nobody would know. */
async function checkRunbook(name: string): Promise<void> {
  const { loadRunbooks } = await import('../runbook/load.ts');
  const { runbooks } = await loadRunbooks(loadConfiguration(process.env).runbooks);
  if (runbooks.some((runbook) => runbook.name === name)) return;
  throw new KintsugiError('not-found', `there is no runbook ${name}`, {
    where: '--runbook',
    fix: '`kintsugi runbook list` shows those of KINTSUGI_RUNBOOKS.',
  });
}
