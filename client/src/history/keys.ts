import { useEffect } from 'react'
import { altShiftKey } from '../lib/keys'

/** How the keys of the history are written on this machine. */
export const historyKeys = { panel: altShiftKey('H'), whoWrote: altShiftKey('W') }

/** Keys that work everywhere in a workspace. */
export function useHistoryKeys(toggleHistory: () => void, toggleWhoWrote: () => void): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!event.altKey || !event.shiftKey || event.ctrlKey || event.metaKey) return
      // By the place of the key: with Alt some keyboards write another letter.
      const action = { KeyH: toggleHistory, KeyW: toggleWhoWrote }[event.code]
      if (action === undefined) return
      event.preventDefault()
      action()
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [toggleHistory, toggleWhoWrote])
}
