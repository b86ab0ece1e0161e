/**
 * Which of one's own edits the server has made durable, told by barriers alone.
 *
 * Edits are counted. A barrier carries the count at its sending, and comes back once everything sent before it on that
 * connection is in the log. It may only be sent after the connection has answered the server's sync step 1: edits made
 * offline travel in that answer, and a barrier ahead of it would be returned without them.
 */
export interface SaveState {
  /** Edits so far. Starts at one, so that nothing is called saved before the first barrier of a visit has returned. */
  edits: number
  /** Edits known to be durable. */
  confirmed: number
  /** The count that the barrier under way carries. */
  inFlight: number | null
  connected: boolean
  /** Whether this person may edit: the server drops a viewer's edits, and never answers a viewer's barrier. */
  allowed: boolean
  /** Whether edits were under way when this person lost the right to edit: nobody knows what became of them. */
  stranded: boolean
  /** Whether this connection has sent what the server lacked. */
  uploaded: boolean
}

export const initial: SaveState = {
  edits: 1,
  confirmed: 0,
  inFlight: null,
  connected: false,
  allowed: false,
  stranded: false,
  uploaded: false,
}

export type SaveEvent =
  | { type: 'edited' }
  | { type: 'connected' }
  | { type: 'uploaded' }
  | { type: 'barrier sent' }
  | { type: 'barrier answered'; edits: number }
  | { type: 'disconnected' }
  | { type: 'allowed'; allowed: boolean }

export function reduce(state: SaveState, event: SaveEvent): SaveState {
  switch (event.type) {
    case 'edited':
      return { ...state, edits: state.edits + 1 }
    case 'connected':
      return { ...state, connected: true, uploaded: false, inFlight: null }
    case 'uploaded':
      // A server that asks again within a connection may have dropped a barrier, sent when it did not yet allow edits.
      return { ...state, uploaded: true, inFlight: null }
    case 'barrier sent':
      return { ...state, inFlight: state.edits }
    case 'barrier answered':
      // An answer to a barrier that this connection did not send confirms nothing.
      if (state.inFlight !== event.edits) return state
      return { ...state, confirmed: event.edits, inFlight: null }
    case 'allowed':
      if (state.allowed === event.allowed) return state
      // A barrier from before the role changed may never come back, but where it does, it holds.
      if (!event.allowed) return { ...state, allowed: false, stranded: hasOwnEdits(state) }
      return { ...state, allowed: true, stranded: false, inFlight: null }
    case 'disconnected':
      return { ...state, connected: false, uploaded: false, inFlight: null }
  }
}

export const isSaved = (state: SaveState) => state.confirmed === state.edits

/** Whether there is something of this person's, or of an earlier visit, that is not known to be durable. */
export const hasOwnEdits = (state: SaveState) =>
  (state.allowed || state.stranded) && state.edits > initial.edits && !isSaved(state)

export const isBarrierDue = (state: SaveState) =>
  state.connected && state.allowed && state.uploaded && state.inFlight === null && !isSaved(state)
