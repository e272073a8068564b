import type { z } from 'zod';
import {
  endSilenceBody,
  errorAnswer,
  listAnswer,
  listQuery,
  orderAnswer,
  orderBody,
  recoveryAnswer,
  silenceAnswer,
  silenceBody,
  silencesAnswer,
  silencesQuery,
  startAnswer,
  startBody,
} from './schemas.ts';

/** What the API offers, as data: its handlers and its document follow from it. */

export interface ApiRoute {
  name: 'list' | 'start' | 'show' | 'order' | 'silences' | 'silence' | 'endSilence';
  method: 'get' | 'post';
  /** `{id}` stands for a part of the path. */
  path: string;
  /** What that part names, where it is no recovery. */
  of?: string;
  summary: string;
  query?: z.ZodObject;
  body?: z.ZodObject;
  answers: Readonly<Record<number, { about: string; schema: z.ZodType }>>;
}

const error = (about: string) => ({ about, schema: errorAnswer });

/** What every call may be answered with. */
const ALWAYS: ApiRoute['answers'] = {
  400: error('What was sent is not valid'),
  401: error('No token, or none that is known and has not expired'),
  403: error("The token's role may not do this"),
  429: error('Too many requests with this token: Retry-After says when to go on'),
  503: error('Temporal does not answer: Retry-After says when to try again, the message whether anything was stored'),
};

/** Silences stand in the cluster, where a worker reads and writes them. */
const NO_WORKER = error(
  'Temporal, or the worker beside the cluster, does not answer: Retry-After says when to try again',
);

export const apiRoutes: readonly ApiRoute[] = [
  {
    name: 'list',
    method: 'get',
    path: '/api/v1/recoveries',
    summary: 'The recoveries of this cluster, the newest first, 200 at most',
    query: listQuery,
    answers: { 200: { about: 'Those that fit', schema: listAnswer }, ...ALWAYS },
  },
  {
    name: 'start',
    method: 'post',
    path: '/api/v1/recoveries',
    summary: 'Start a runbook, or one of its procedures, on a target; an open recovery of the target is joined',
    body: startBody,
    answers: {
      200: {
        about: 'A recovery of the target was open: it goes on, a procedure was given to it as an order',
        schema: startAnswer,
      },
      201: { about: 'Started', schema: startAnswer },
      202: { about: 'The procedure is kept as an order until a worker returns', schema: startAnswer },
      ...ALWAYS,
      404: error('There is no such runbook'),
      422: error('The open recovery refused the procedure; `error.message` says why'),
    },
  },
  {
    name: 'show',
    method: 'get',
    path: '/api/v1/recoveries/{id}',
    summary: 'One recovery: how it stands, and what has happened',
    answers: {
      200: { about: 'The recovery', schema: recoveryAnswer },
      ...ALWAYS,
      404: error('Temporal knows no such recovery'),
    },
  },
  {
    name: 'order',
    method: 'post',
    path: '/api/v1/recoveries/{id}/orders',
    summary: 'Give an order to a recovery; who gives it is the person of the token',
    body: orderBody,
    answers: {
      200: { about: 'The recovery has taken the order', schema: orderAnswer },
      202: { about: 'No worker answers: the order is kept in Temporal until one does', schema: orderAnswer },
      ...ALWAYS,
      404: error('Temporal knows no such recovery'),
      422: error('The recovery refused the order; `error.message` says why, `possible` what it would take now'),
    },
  },
  {
    name: 'silences',
    method: 'get',
    path: '/api/v1/silences',
    summary: "The silences of Kintsugi's own list; those of Alertmanager stand there",
    query: silencesQuery,
    answers: { 200: { about: 'Those that hold', schema: silencesAnswer }, ...ALWAYS, 503: NO_WORKER },
  },
  {
    name: 'silence',
    method: 'post',
    path: '/api/v1/silences',
    summary: 'Set a silence of a target or a runbook from now on; who sets it is the person of the token',
    body: silenceBody,
    answers: {
      201: { about: 'It holds', schema: silenceAnswer },
      ...ALWAYS,
      404: error('There is no such runbook'),
      422: error('There are too many silences'),
      503: NO_WORKER,
    },
  },
  {
    name: 'endSilence',
    method: 'post',
    path: '/api/v1/silences/{id}/end',
    of: 'Which silence',
    summary: 'End a silence before its time: a page that it held goes out if the target is not healthy',
    body: endSilenceBody,
    answers: {
      200: { about: 'It is over', schema: silenceAnswer },
      ...ALWAYS,
      404: error('No silence of that id holds'),
      503: NO_WORKER,
    },
  },
];
