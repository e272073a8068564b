/**
 * How a dependency answered when it was asked for real, told apart as far as the cure differs (safety 21):
 * - `well`: it answered as it does when it serves
 * - `refused`: nothing listens on the port in the pod
 * - `no-route`: the Service leads to no endpoint
 * - `silent`: it accepts the connection and does not answer in time (a Redis under CLIENT PAUSE, a program that hangs)
 * - `denied`: it is up and does not accept the user, the password, or what they may do: that is the application's configuration
 * - `full`: it answers, and refuses writes for lack of memory
 * - `read-only`: it answers, and is a replica
 * - `loading`: it is reading its data and will serve by itself
 * - `failing`: it answers with an error of its own
 * - `unknown`: it could not be asked, which says nothing about it
 */
export type AnswerState =
  | 'well'
  | 'refused'
  | 'no-route'
  | 'silent'
  | 'denied'
  | 'full'
  | 'read-only'
  | 'loading'
  | 'failing'
  | 'unknown';

/** What one place said. */
export interface Answer {
  state: AnswerState;
  /** One clause for people, with no secret in it: "PONG; role master, 2 MB of 100 MB used". */
  saw: string;
}
