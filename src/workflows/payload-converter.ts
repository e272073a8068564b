import { defaultPayloadConverter, type Payload, type PayloadConverter } from '@temporalio/common';

/** What stands in a message in place of a payload that does not decode. */
export interface Malformed {
  malformed: string;
}

/** The default converter, but one whose reading never throws: a signal that does not decode would fail its task for ever. */
class ForgivingPayloadConverter implements PayloadConverter {
  toPayload<T>(value: T): Payload {
    return defaultPayloadConverter.toPayload(value);
  }

  // The interface's signature lets the caller name the type; handlers take `unknown` and parse.
  fromPayload<T>(payload: Payload): T {
    try {
      return defaultPayloadConverter.fromPayload<T>(payload);
    } catch (error) {
      const malformed: Malformed = { malformed: error instanceof Error ? error.message : String(error) };
      return malformed as T;
    }
  }
}

export const payloadConverter = new ForgivingPayloadConverter();
