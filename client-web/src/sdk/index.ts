/** What the package offers: everything else is its own affair. */

export type { CallFault } from '../session/calls.ts';
export type { ClientSession, KeptSession } from '../session/client.ts';
export type { CloseCode, CloseName, Comeback } from '../session/close.ts';
export type { Wanted } from '../session/steering.ts';
export type { Leaders, Presence, Rooms, ServerFigures, StateOf, TopicState } from '../session/topics.ts';
export type {
  Ask,
  Audience,
  BoardRow,
  ClientMessage,
  Event,
  LeaderRow,
  Line,
  MapRuns,
  News,
  Notification,
  Order,
  Outcome,
  PresenceRow,
  Priority,
  Problem,
  RoomRow,
  ServerRow,
  Snapshot,
  TopicUpdate,
  Welcome,
  Whom,
} from '../wire/codec.ts';
export { CallError, RefusedError, type Refusal } from './errors.ts';
export type { Listener, Outage, State, ThrongEvents, Unsubscribe } from './events.ts';
export { type IdentityStore, memoryStore } from './identity.ts';
export type { SocketClass, SocketLike } from './link.ts';
export type { Player, Source, ThrongOptions } from './options.ts';
export { connect, Throng } from './throng.ts';
