/**
 * Aborted by Ctrl-C, by a stop, and by the terminal being closed, so that what was started can be taken away. What is written
 * after the reader of a pipe has gone (the same Ctrl-C ends a `| tee` too) is dropped: it must not cut the taking away short.
 */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => controller.abort(new Error(`stopped by ${name}`)));
  }
  for (const stream of [process.stdout, process.stderr]) stream.on('error', dropUnread);
  return controller.signal;
}

function dropUnread(error: NodeJS.ErrnoException): void {
  // A terminal that was closed answers EIO.
  if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
}
