import { PassThrough } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { Conversation } from '../../src/dependencies/conversation.ts';

const line = (bytes: Buffer) => (bytes.includes('\n') ? { value: bytes.toString(), used: bytes.length } : null);

describe('a conversation over a connection that had ended before it began', () => {
  test('fails with what the connection ended with, and does not wait for an answer', async () => {
    const stream = new PassThrough();
    stream.on('error', () => undefined);
    stream.destroy(new Error('connection refused'));
    await new Promise((resolve) => stream.once('close', resolve));
    const conversation = new Conversation(stream, 60_000);
    await expect(conversation.ask(Buffer.from('PING'), line)).rejects.toThrow('connection refused');
  });

  test('fails as a closed one where nothing says why', async () => {
    const stream = new PassThrough();
    stream.destroy();
    await new Promise((resolve) => stream.once('close', resolve));
    const conversation = new Conversation(stream, 60_000);
    await expect(conversation.ask(Buffer.from('PING'), line)).rejects.toMatchObject({ code: 'unavailable' });
  });
});
