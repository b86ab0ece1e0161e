import { WebsocketProvider } from 'y-websocket'
import type { Doc } from 'yjs'
import { socketUrl } from '../api/http'

/**
 * The stock provider on one shared document of a workspace ("tree" is the file tree), not yet connected.
 *
 * Tabs of one browser do not talk past the server (`disableBc`): each is a person of its own in the lists, and what a
 * tab calls saved never rests on what another tab still has to send.
 */
export function createProvider(workspace: string, document: string, doc: Doc): WebsocketProvider {
  const provider = new WebsocketProvider(socketUrl(`/sync/${workspace}`), document, doc, {
    connect: false,
    disableBc: true,
    // The provider's back-off has no jitter; a ceiling of its own for each tab spreads the herd after a restart.
    maxBackoffTime: 2_000 + Math.random() * 4_000,
  })
  // The provider sends everybody's presence back to the server on arrival; the server knows it already.
  const announce = provider._awarenessUpdateHandler
  provider.awareness.off('update', announce)
  provider.awareness.on('update', (changes: unknown, origin: unknown) => {
    if (origin !== provider) announce(changes, origin)
  })
  // A cut network does not close a socket; without this it would count as connected for half a minute more. Trying anew,
  // rather than believing the browser, keeps a server on this very machine connected while there is no network.
  const tryAnew = () => {
    if (!provider.shouldConnect) return
    provider.disconnect()
    provider.connect()
  }
  addEventListener('offline', tryAnew)
  addEventListener('online', tryAnew)
  doc.on('destroy', () => {
    removeEventListener('offline', tryAnew)
    removeEventListener('online', tryAnew)
  })
  return provider
}
